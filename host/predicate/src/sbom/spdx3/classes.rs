//! The classes of SPDX 3.0.1 and what each may say, by its model.

/// A class, what it is derived from, and the members that it adds. What is derived from `Element` has an `spdxId`.
pub(super) struct Class {
    pub(super) name: &'static str,
    parent: &'static str,
    members: &'static [&'static str],
    /// Nothing is of this class itself, only of those derived from it.
    pub(super) is_abstract: bool,
}

const fn class(name: &'static str, parent: &'static str, members: &'static [&'static str], is_abstract: bool) -> Class {
    Class { name, parent, members, is_abstract }
}

/// In the order of their names.
const CLASSES: [Class; 66] = [
    class("Agent", "Element", &[], false),
    class("Annotation", "Element", &["annotationType", "contentType", "statement", "subject"], false),
    class(
        "Artifact",
        "Element",
        &["builtTime", "originatedBy", "releaseTime", "standardName", "suppliedBy", "supportLevel", "validUntilTime"],
        true,
    ),
    class("Bom", "Bundle", &[], false),
    class("Bundle", "ElementCollection", &["context"], false),
    class("CreationInfo", "", &["comment", "created", "createdBy", "createdUsing", "specVersion"], false),
    class("DictionaryEntry", "", &["key", "value"], false),
    class(
        "Element",
        "",
        &[
            "comment",
            "creationInfo",
            "description",
            "extension",
            "externalIdentifier",
            "externalRef",
            "name",
            "summary",
            "verifiedUsing",
        ],
        true,
    ),
    class("ElementCollection", "Element", &["element", "profileConformance", "rootElement"], true),
    class(
        "ExternalIdentifier",
        "",
        &["comment", "externalIdentifierType", "identifier", "identifierLocator", "issuingAuthority"],
        false,
    ),
    class("ExternalMap", "", &["definingArtifact", "externalSpdxId", "locationHint", "verifiedUsing"], false),
    class("ExternalRef", "", &["comment", "contentType", "externalRefType", "locator"], false),
    class("Hash", "IntegrityMethod", &["algorithm", "hashValue"], false),
    class("IndividualElement", "Element", &[], false),
    class("IntegrityMethod", "", &["comment"], true),
    class("LifecycleScopedRelationship", "Relationship", &["scope"], false),
    class("NamespaceMap", "", &["namespace", "prefix"], false),
    class("Organization", "Agent", &[], false),
    class(
        "PackageVerificationCode",
        "IntegrityMethod",
        &["algorithm", "hashValue", "packageVerificationCodeExcludedFile"],
        false,
    ),
    class("Person", "Agent", &[], false),
    class("PositiveIntegerRange", "", &["beginIntegerRange", "endIntegerRange"], false),
    class(
        "Relationship",
        "Element",
        &["completeness", "endTime", "from", "relationshipType", "startTime", "to"],
        false,
    ),
    class("SoftwareAgent", "Agent", &[], false),
    class("SpdxDocument", "ElementCollection", &["dataLicense", "import", "namespaceMap"], false),
    class("Tool", "Element", &[], false),
    class(
        "ai_AIPackage",
        "software_Package",
        &[
            "ai_autonomyType",
            "ai_domain",
            "ai_energyConsumption",
            "ai_hyperparameter",
            "ai_informationAboutApplication",
            "ai_informationAboutTraining",
            "ai_limitation",
            "ai_metric",
            "ai_metricDecisionThreshold",
            "ai_modelDataPreprocessing",
            "ai_modelExplainability",
            "ai_safetyRiskAssessment",
            "ai_standardCompliance",
            "ai_typeOfModel",
            "ai_useSensitivePersonalInformation",
        ],
        false,
    ),
    class(
        "ai_EnergyConsumption",
        "",
        &["ai_finetuningEnergyConsumption", "ai_inferenceEnergyConsumption", "ai_trainingEnergyConsumption"],
        false,
    ),
    class("ai_EnergyConsumptionDescription", "", &["ai_energyQuantity", "ai_energyUnit"], false),
    class(
        "build_Build",
        "Element",
        &[
            "build_buildEndTime",
            "build_buildId",
            "build_buildStartTime",
            "build_buildType",
            "build_configSourceDigest",
            "build_configSourceEntrypoint",
            "build_configSourceUri",
            "build_environment",
            "build_parameter",
        ],
        false,
    ),
    class(
        "dataset_DatasetPackage",
        "software_Package",
        &[
            "dataset_anonymizationMethodUsed",
            "dataset_confidentialityLevel",
            "dataset_dataCollectionProcess",
            "dataset_dataPreprocessing",
            "dataset_datasetAvailability",
            "dataset_datasetNoise",
            "dataset_datasetSize",
            "dataset_datasetType",
            "dataset_datasetUpdateMechanism",
            "dataset_hasSensitivePersonalInformation",
            "dataset_intendedUse",
            "dataset_knownBias",
            "dataset_sensor",
        ],
        false,
    ),
    class(
        "expandedlicensing_ConjunctiveLicenseSet",
        "simplelicensing_AnyLicenseInfo",
        &["expandedlicensing_member"],
        false,
    ),
    class("expandedlicensing_CustomLicense", "expandedlicensing_License", &[], false),
    class("expandedlicensing_CustomLicenseAddition", "expandedlicensing_LicenseAddition", &[], false),
    class(
        "expandedlicensing_DisjunctiveLicenseSet",
        "simplelicensing_AnyLicenseInfo",
        &["expandedlicensing_member"],
        false,
    ),
    class("expandedlicensing_ExtendableLicense", "simplelicensing_AnyLicenseInfo", &[], true),
    class("expandedlicensing_IndividualLicensingInfo", "simplelicensing_AnyLicenseInfo", &[], false),
    class(
        "expandedlicensing_License",
        "expandedlicensing_ExtendableLicense",
        &[
            "expandedlicensing_isDeprecatedLicenseId",
            "expandedlicensing_isFsfLibre",
            "expandedlicensing_isOsiApproved",
            "expandedlicensing_licenseXml",
            "expandedlicensing_obsoletedBy",
            "expandedlicensing_seeAlso",
            "expandedlicensing_standardLicenseHeader",
            "expandedlicensing_standardLicenseTemplate",
            "simplelicensing_licenseText",
        ],
        true,
    ),
    class(
        "expandedlicensing_LicenseAddition",
        "Element",
        &[
            "expandedlicensing_additionText",
            "expandedlicensing_isDeprecatedAdditionId",
            "expandedlicensing_licenseXml",
            "expandedlicensing_obsoletedBy",
            "expandedlicensing_seeAlso",
            "expandedlicensing_standardAdditionTemplate",
        ],
        true,
    ),
    class(
        "expandedlicensing_ListedLicense",
        "expandedlicensing_License",
        &["expandedlicensing_deprecatedVersion", "expandedlicensing_listVersionAdded"],
        false,
    ),
    class(
        "expandedlicensing_ListedLicenseException",
        "expandedlicensing_LicenseAddition",
        &["expandedlicensing_deprecatedVersion", "expandedlicensing_listVersionAdded"],
        false,
    ),
    class(
        "expandedlicensing_OrLaterOperator",
        "expandedlicensing_ExtendableLicense",
        &["expandedlicensing_subjectLicense"],
        false,
    ),
    class(
        "expandedlicensing_WithAdditionOperator",
        "simplelicensing_AnyLicenseInfo",
        &["expandedlicensing_subjectAddition", "expandedlicensing_subjectExtendableLicense"],
        false,
    ),
    class("extension_CdxPropertiesExtension", "", &["extension_cdxProperty"], false),
    class("extension_CdxPropertyEntry", "", &["extension_cdxPropName", "extension_cdxPropValue"], false),
    class(
        "security_CvssV2VulnAssessmentRelationship",
        "security_VulnAssessmentRelationship",
        &["security_score", "security_vectorString"],
        false,
    ),
    class(
        "security_CvssV3VulnAssessmentRelationship",
        "security_VulnAssessmentRelationship",
        &["security_score", "security_severity", "security_vectorString"],
        false,
    ),
    class(
        "security_CvssV4VulnAssessmentRelationship",
        "security_VulnAssessmentRelationship",
        &["security_score", "security_severity", "security_vectorString"],
        false,
    ),
    class(
        "security_EpssVulnAssessmentRelationship",
        "security_VulnAssessmentRelationship",
        &["security_percentile", "security_probability"],
        false,
    ),
    class(
        "security_ExploitCatalogVulnAssessmentRelationship",
        "security_VulnAssessmentRelationship",
        &["security_catalogType", "security_exploited", "security_locator"],
        false,
    ),
    class(
        "security_SsvcVulnAssessmentRelationship",
        "security_VulnAssessmentRelationship",
        &["security_decisionType"],
        false,
    ),
    class(
        "security_VexAffectedVulnAssessmentRelationship",
        "security_VexVulnAssessmentRelationship",
        &["security_actionStatement", "security_actionStatementTime"],
        false,
    ),
    class("security_VexFixedVulnAssessmentRelationship", "security_VexVulnAssessmentRelationship", &[], false),
    class(
        "security_VexNotAffectedVulnAssessmentRelationship",
        "security_VexVulnAssessmentRelationship",
        &["security_impactStatement", "security_impactStatementTime", "security_justificationType"],
        false,
    ),
    class(
        "security_VexUnderInvestigationVulnAssessmentRelationship",
        "security_VexVulnAssessmentRelationship",
        &[],
        false,
    ),
    class(
        "security_VexVulnAssessmentRelationship",
        "security_VulnAssessmentRelationship",
        &["security_statusNotes", "security_vexVersion"],
        true,
    ),
    class(
        "security_VulnAssessmentRelationship",
        "Relationship",
        &[
            "security_assessedElement",
            "security_modifiedTime",
            "security_publishedTime",
            "security_withdrawnTime",
            "suppliedBy",
        ],
        true,
    ),
    class(
        "security_Vulnerability",
        "Artifact",
        &["security_modifiedTime", "security_publishedTime", "security_withdrawnTime"],
        false,
    ),
    class("simplelicensing_AnyLicenseInfo", "Element", &[], true),
    class(
        "simplelicensing_LicenseExpression",
        "simplelicensing_AnyLicenseInfo",
        &["simplelicensing_customIdToUri", "simplelicensing_licenseExpression", "simplelicensing_licenseListVersion"],
        false,
    ),
    class("simplelicensing_SimpleLicensingText", "Element", &["simplelicensing_licenseText"], false),
    class(
        "software_ContentIdentifier",
        "IntegrityMethod",
        &["software_contentIdentifierType", "software_contentIdentifierValue"],
        false,
    ),
    class("software_File", "software_SoftwareArtifact", &["contentType", "software_fileKind"], false),
    class(
        "software_Package",
        "software_SoftwareArtifact",
        &[
            "software_downloadLocation",
            "software_homePage",
            "software_packageUrl",
            "software_packageVersion",
            "software_sourceInfo",
        ],
        false,
    ),
    class("software_Sbom", "Bom", &["software_sbomType"], false),
    class(
        "software_Snippet",
        "software_SoftwareArtifact",
        &["software_byteRange", "software_lineRange", "software_snippetFromFile"],
        false,
    ),
    class(
        "software_SoftwareArtifact",
        "Artifact",
        &[
            "software_additionalPurpose",
            "software_attributionText",
            "software_contentIdentifier",
            "software_copyrightText",
            "software_primaryPurpose",
        ],
        true,
    ),
];

/// Members that are lists; each other one has one value.
const LISTS: [&str; 47] = [
    "ai_domain",
    "ai_finetuningEnergyConsumption",
    "ai_hyperparameter",
    "ai_inferenceEnergyConsumption",
    "ai_metric",
    "ai_metricDecisionThreshold",
    "ai_modelDataPreprocessing",
    "ai_modelExplainability",
    "ai_standardCompliance",
    "ai_trainingEnergyConsumption",
    "ai_typeOfModel",
    "build_configSourceDigest",
    "build_configSourceEntrypoint",
    "build_configSourceUri",
    "build_environment",
    "build_parameter",
    "createdBy",
    "createdUsing",
    "dataset_anonymizationMethodUsed",
    "dataset_dataPreprocessing",
    "dataset_datasetType",
    "dataset_knownBias",
    "dataset_sensor",
    "element",
    "expandedlicensing_member",
    "expandedlicensing_seeAlso",
    "extension",
    "extension_cdxProperty",
    "externalIdentifier",
    "externalRef",
    "identifierLocator",
    "import",
    "locator",
    "namespaceMap",
    "originatedBy",
    "packageVerificationCodeExcludedFile",
    "profileConformance",
    "rootElement",
    "simplelicensing_customIdToUri",
    "software_additionalPurpose",
    "software_attributionText",
    "software_contentIdentifier",
    "software_sbomType",
    "standardName",
    "supportLevel",
    "to",
    "verifiedUsing",
];

/// The class of a name; none for one that the model does not have, or that is the name of a vocabulary.
pub(super) fn find(name: &str) -> Option<&'static Class> {
    CLASSES.binary_search_by(|class| class.name.cmp(name)).ok().map(|index| &CLASSES[index])
}

/// Whether a member may have several values.
pub(super) fn is_list(member: &str) -> bool {
    LISTS.binary_search(&member).is_ok()
}

/// Whether something of any class may say it.
pub(super) fn is_any(member: &str) -> bool {
    matches!(member, "type" | "@id") || CLASSES.iter().any(|class| class.members.contains(&member))
}

impl Class {
    fn up(&self) -> impl Iterator<Item = &Class> {
        std::iter::successors(Some(self), |class| find(class.parent))
    }

    /// Whether it is an element: something that others refer to by its `spdxId`.
    pub(super) fn is_element(&self) -> bool {
        self.up().any(|class| class.name == "Element")
    }

    /// Whether something of this class may say it.
    pub(super) fn has(&self, member: &str) -> bool {
        let own = if self.is_element() { "spdxId" } else { "@id" };
        member == "type" || member == own || self.up().any(|class| class.members.contains(&member))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_class_and_what_it_inherits() {
        assert!(CLASSES.is_sorted_by(|one, other| one.name < other.name) && LISTS.is_sorted());
        for class in &CLASSES {
            assert!(class.parent.is_empty() || find(class.parent).is_some(), "{} has no parent", class.name);
        }
        let package = find("ai_AIPackage").expect("a class");
        for member in ["type", "spdxId", "name", "software_packageUrl", "ai_domain", "originatedBy"] {
            assert!(package.has(member), "{member}");
        }
        for member in ["@id", "@type", "url", "dataset_sensor", ""] {
            assert!(!package.has(member), "{member}");
        }
        let hash = find("Hash").expect("a class");
        assert!(hash.has("@id") && hash.has("comment") && !hash.has("spdxId") && !hash.is_element());
        assert!(package.is_element() && !package.is_abstract && find("Element").is_some_and(|class| class.is_abstract));
        assert!(find("Package").is_none() && find("").is_none() && is_list("to") && !is_list("from"));
    }
}
