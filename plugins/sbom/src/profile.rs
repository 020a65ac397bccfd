//! What published lists of minimum elements ask of an SBOM, as tables.

/// What one of them asks.
pub struct Profile {
    /// Its name in settings.
    pub name: &'static str,
    /// Elements of components, each with the share of components in per cent that must have it.
    pub components: &'static [(&'static str, u32)],
    /// What the SBOM as a whole must say.
    pub whole: &'static [Whole],
    /// The oldest versions of the formats that count; empty: every one.
    pub formats: &'static [(&'static str, &'static str)],
    /// Whether it must say how complete it is.
    pub says_completeness: bool,
    /// Whether it must not list vulnerabilities.
    pub no_vulnerabilities: bool,
}

/// Something that an SBOM as a whole says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// Who made it: a person or an organisation.
    Author,
    /// An address or a page of whoever made it.
    Contact,
    /// When it was made.
    Time,
    /// By which tool.
    Tool,
    /// At which step of the life of the software.
    Lifecycle,
}

impl Whole {
    /// For messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Author => "an author",
            Self::Contact => "an e-mail address or URL of its author",
            Self::Time => "the time at which it was made",
            Self::Tool => "the tool that made it",
            Self::Lifecycle => "the lifecycle phase that it was made in",
        }
    }
}

/// Every profile that settings may name.
pub const ALL: [Profile; 4] = [PRESENCE, NTIA, CISA, BSI];

/// Nothing besides what every SBOM needs: it can be read, keeps its schema, is about the image and lists something.
const PRESENCE: Profile = Profile {
    name: "presence",
    components: &[],
    whole: &[],
    formats: &[],
    says_completeness: false,
    no_vulnerabilities: false,
};

/// NTIA, "The Minimum Elements For a Software Bill of Materials (SBOM)", 2021-07-12, table 1 (data fields): supplier, name,
/// version, other unique identifiers, dependency relationship, author of the SBOM data, timestamp.
const NTIA: Profile = Profile {
    name: "ntia",
    components: &[("supplier", 100), ("name", 100), ("version", 100), ("uniqueId", 100), ("dependencies", 100)],
    whole: &[Whole::Author, Whole::Time],
    formats: &[],
    says_completeness: false,
    no_vulnerabilities: false,
};

/// CISA, "2025 Minimum Elements for a Software Bill of Materials (SBOM)", draft for comment of 2025-08-22: adds hash, licence,
/// tool name and generation context to NTIA's, and wants what is not known said. A draft, hence its name.
const CISA: Profile = Profile {
    name: "cisa-2025-draft",
    components: &[
        ("supplier", 100),
        ("name", 100),
        ("version", 100),
        ("uniqueId", 100),
        ("hash", 100),
        ("license", 100),
        ("dependencies", 100),
    ],
    whole: &[Whole::Author, Whole::Time, Whole::Tool, Whole::Lifecycle],
    formats: &[],
    says_completeness: true,
    no_vulnerabilities: false,
};

/// BSI TR-03183-2, version 2.1.0: section 4 (CycloneDX 1.6 or SPDX 3.0.1, nothing older), 5.2.1 (creator, timestamp), 5.2.2
/// (of each component: creator, name, version, file name, dependencies and their completeness, licences, SHA-512 of the
/// deployable form, whether it is executable, an archive, structured), and no vulnerabilities. What it asks only where it
/// exists (URIs, CPE, purl: 5.2.3, 5.2.4) cannot be missed by a gate.
const BSI: Profile = Profile {
    name: "bsi-tr-03183-2",
    components: &[
        ("author", 100),
        ("name", 100),
        ("version", 100),
        ("filename", 100),
        ("dependencies", 100),
        ("licenseValid", 100),
        ("sha512", 100),
        ("executable", 100),
        ("archive", 100),
        ("structured", 100),
    ],
    whole: &[Whole::Contact, Whole::Time],
    formats: &[("CycloneDX", "1.6"), ("SPDX", "3.0.1")],
    says_completeness: true,
    no_vulnerabilities: true,
};

/// The profile of a name; the one that asks nothing where there is none such.
pub fn of(name: &str) -> &'static Profile {
    ALL.iter().find(|profile| profile.name == name).unwrap_or(&PRESENCE)
}
