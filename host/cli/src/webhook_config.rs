//! The `webhook-config` command.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_check::exit::Exit;
use portcullis_webhook::registration::{Client, RegistrationOptions, registration};

use crate::args::WebhookConfigArguments;
use crate::output;
use crate::serve::rates;
use crate::sets;
use crate::wire::Works;
use crate::write;

/// Where a cluster keeps what it needs to come up (Kubernetes, "Namespaces", initial namespaces).
const SYSTEM_NAMESPACES: [&str; 3] = ["kube-system", "kube-node-lease", "kube-public"];

/// Prints the object that makes the API server ask `serve`.
pub fn run(arguments: &WebhookConfigArguments) -> anyhow::Result<ExitCode> {
    let options = RegistrationOptions {
        name: name(arguments),
        client: client(arguments)?,
        ca_bundle: arguments.ca_bundle.as_deref().map(bundle).transpose()?,
        only: arguments.set.clone(),
        timeout_seconds: arguments.timeout,
        failure_policy: arguments.failure_policy.into(),
        excluded_namespaces: excluded(arguments),
        own_access: own_access(arguments),
        judge_agents: arguments.judge_agents,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let (sets, waivers) = sets::load(&arguments.policies, &arguments.waivers)?;
    let notices: Vec<String> = sets.iter().flat_map(|set| set.notices.clone()).collect();
    let registration = registration(&sets, &options)?;
    if arguments.try_sets {
        if let Some(path) = &arguments.rate_limits {
            rates::read(path)?;
        }
        Works::start(arguments.cache_dir.as_deref())?.install_tried(sets, waivers)?;
    }
    notices.iter().chain(&registration.notes).for_each(|note| output::note(note));
    if options.ca_bundle.is_none() {
        output::note("without --ca-bundle the API server trusts the roots of its own machine, or what somebody adds");
    }
    write::to_stdout(&registration.to_yaml())?;
    Ok(Exit::Allowed.into())
}

fn name(arguments: &WebhookConfigArguments) -> String {
    let own = || match &arguments.set {
        Some(set) => format!("portcullis-{set}"),
        None => "portcullis".to_owned(),
    };
    arguments.name.clone().unwrap_or_else(own)
}

/// What the chart calls everything that it makes: as the Service.
fn own_access(arguments: &WebhookConfigArguments) -> String {
    let service = arguments.service.as_deref().and_then(|service| service.split_once('/'));
    let name = service.and_then(|(_, name)| name.split(':').next());
    name.unwrap_or("portcullis").to_owned()
}

fn client(arguments: &WebhookConfigArguments) -> anyhow::Result<Client> {
    match (&arguments.url, &arguments.service) {
        (Some(_), Some(_)) => bail!("--url and --service both say where `serve` is; give one of them"),
        (Some(url), None) => Ok(Client::Url(url.clone())),
        (None, None) => {
            Ok(Client::Service { namespace: arguments.own_namespace.clone(), name: "portcullis".to_owned(), port: 443 })
        }
        (None, Some(service)) => {
            let what = || {
                format!(
                    "`--service {}` is no Service; write NAMESPACE/NAME or NAMESPACE/NAME:PORT",
                    service.escape_debug()
                )
            };
            let (namespace, rest) = service.split_once('/').with_context(what)?;
            let (name, port) = match rest.split_once(':') {
                Some((name, port)) => (name, port.parse().ok().filter(|port| *port > 0).with_context(what)?),
                None => (rest, 443),
            };
            Ok(Client::Service { namespace: namespace.to_owned(), name: name.to_owned(), port })
        }
    }
}

/// The own namespace first, then what a cluster needs to come up, each once.
fn excluded(arguments: &WebhookConfigArguments) -> Vec<String> {
    let system = SYSTEM_NAMESPACES.iter().filter(|_| !arguments.judge_system_namespaces);
    let mut names = vec![arguments.own_namespace.clone()];
    for name in system.copied().chain(arguments.exclude_namespaces.iter().map(String::as_str)) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The file in base64: the object carries it so. What is not needed for trust must not get there.
fn bundle(path: &Path) -> anyhow::Result<String> {
    let text = sets::text_of(path)?;
    let shown = path.display();
    ensure!(
        !text.contains("PRIVATE KEY"),
        "`{shown}` holds a private key, which would be published; give the certificates alone"
    );
    ensure!(
        text.contains("-----BEGIN CERTIFICATE-----"),
        "`{shown}` holds no certificate; PEM with `BEGIN CERTIFICATE` is expected"
    );
    Ok(STANDARD.encode(text))
}
