//! Where labels come from without a cluster, and what is said of a way to a cluster that is none.

use std::collections::BTreeMap;
use std::time::Instant;

use portcullis_cluster::{Connection, Namespaces};
use portcullis_model::NamespaceLabels;

use crate::api_server::{ApiServer, labels};

#[tokio::test]
async fn knows_the_namespaces_of_a_file_and_no_others() {
    let mut given = labels("sandbox");
    given.insert("kubernetes.io/metadata.name".to_owned(), "somebody-else".to_owned());
    let namespaces = Namespaces::fixed(BTreeMap::from([("team-a".to_owned(), given)]));
    let mut expected = labels("sandbox");
    expected.insert("kubernetes.io/metadata.name".to_owned(), "team-a".to_owned());
    assert_eq!(namespaces.cached("team-a"), Some(expected.clone()));
    assert_eq!(namespaces.live("team-a", Instant::now()).await, NamespaceLabels::Known(expected));
    assert_eq!(namespaces.cached("team-b"), None);
    assert_eq!(
        namespaces.live("team-b", Instant::now()).await,
        NamespaceLabels::Unknown("the labels that were given name no namespace `team-b`".to_owned())
    );
    assert_eq!((namespaces.ready(), namespaces.lag()), (Ok(()), None));
}

#[tokio::test]
async fn knows_every_namespace_as_unlabelled_without_a_cluster() {
    let namespaces = Namespaces::unlabelled();
    let expected = BTreeMap::from([("kubernetes.io/metadata.name".to_owned(), "team-a".to_owned())]);
    assert_eq!(namespaces.cached("team-a"), Some(expected.clone()));
    assert_eq!(namespaces.live("team-a", Instant::now()).await, NamespaceLabels::Known(expected));
    assert_eq!((namespaces.ready(), namespaces.lag()), (Ok(()), None));
}

#[tokio::test]
async fn says_what_is_wrong_with_a_kubeconfig() {
    let file = std::env::temp_dir().join(format!("portcullis-bad-kubeconfig-{}", std::process::id()));
    let refused = async |text: &str| {
        std::fs::write(&file, text).unwrap();
        let error = Connection::from_kubeconfig(&file).await.unwrap_err().to_string();
        assert!(error.contains(&*file.display().to_string()) || error.contains("API server"), "{error}");
        assert!(!error.contains('\n'), "{error}");
        error
    };
    refused("").await;
    refused("[").await;
    assert!(refused("apiVersion: v1\nkind: Config\n").await.contains("context"));
    let with = |cluster: &str| {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{{name: a, context: {{cluster: a, user: a}}}}]\n\
             users: [{{name: a, user: {{}}}}]\nclusters: [{{name: a, cluster: {cluster}}}]\n"
        )
    };
    refused(&with("{}")).await;
    refused(&with("{server: 'https://127.0.0.1:1', certificate-authority: /nowhere/ca.pem}")).await;
    refused(&with("{server: 'https://127.0.0.1:1', certificate-authority-data: '?'}")).await;
    let proxied = refused(&with("{server: 'https://127.0.0.1:1', proxy-url: 'http://127.0.0.1:2'}")).await;
    assert!(proxied.contains("proxy"), "{proxied}");
    std::fs::remove_file(&file).unwrap();
    let missing = Connection::from_kubeconfig("/nowhere/kubeconfig").await.unwrap_err().to_string();
    assert!(missing.starts_with("the kubeconfig `/nowhere/kubeconfig` cannot be used: "), "{missing}");
}

#[tokio::test]
async fn denies_knowledge_when_nobody_listens() {
    let server = ApiServer::start(&[]).await;
    let connection = server.connection().await;
    assert!(connection.server().starts_with("http://127.0.0.1:") && !format!("{connection:?}").contains("secret"));
    drop(server);
    let namespaces = Namespaces::watched(&connection).await;
    let deadline = Instant::now() + std::time::Duration::from_secs(5);
    let NamespaceLabels::Unknown(why) = namespaces.live("team-a", deadline).await else { panic!("nobody can know") };
    assert!(why.starts_with("the API server cannot be reached ("), "{why}");
}
