//! What a policy author may set, checked and compiled as the API server does when a policy is created.

use std::borrow::Cow;

use portcullis_cel::{Compiler, Complaint, MOST_VARIABLES, Read, Wanted};
use portcullis_sdk::{Object, Packed, Reader, Setting, packed};

use crate::params;

/// The most conditions of a policy: what the API server takes.
pub const MOST_CONDITIONS: usize = 64;
/// The most validations of a policy.
pub const MOST_VALIDATIONS: usize = 500;
/// The reasons that a policy may give (`supportedValidationPolicyReason`; an API server refuses `Unauthorized`, which its
/// reference names, too).
const REASONS: [&str; 3] = ["Forbidden", "Invalid", "RequestEntityTooLarge"];

/// Compiled expressions and data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code<'a>(pub Cow<'a, [u8]>);

impl<'a> Packed<'a> for Code<'a> {
    fn write(&self, bytes: &mut Vec<u8>) {
        (self.0.len() as u32).write(bytes);
        bytes.extend_from_slice(&self.0);
    }
    fn read(bytes: &mut Reader<'a>) -> Self {
        let length = u32::read(bytes) as usize;
        Self(Cow::Borrowed(bytes.take(length)))
    }
}

packed! {
    /// A condition under which there is something to judge.
    pub struct Condition<'a> {
        /// For messages.
        pub name: &'a str,
        /// As written.
        pub expression: &'a str,
        /// Compiled.
        pub code: Code<'a>,
    }
}

packed! {
    /// What must hold.
    pub struct Validation<'a> {
        /// As written.
        pub expression: &'a str,
        /// Compiled.
        pub code: Code<'a>,
        /// What to tell people where it does not hold.
        pub message: Option<&'a str>,
        /// An expression that says it better.
        pub message_code: Option<Code<'a>>,
    }
}

packed! {
    /// All settings.
    pub struct Settings<'a> {
        /// All must hold, or nothing is judged.
        pub conditions: Vec<Condition<'a>>,
        /// In the order in which they may name each other.
        pub variables: Vec<Code<'a>>,
        /// Each of them must hold.
        pub validations: Vec<Validation<'a>>,
        /// `params`.
        pub params: Code<'a>,
        /// An expression that cannot be evaluated says nothing.
        pub ignore: bool,
    }
}

impl<'a> Settings<'a> {
    /// Reads them, complaining about whatever is wrong.
    pub fn read(setting: &Setting<'a>) -> Self {
        let all = setting.object(&["matchConditions", "variables", "validations", "params", "failurePolicy"]);
        let given = all.get("params").to_json();
        let params = given.as_deref().map(params::to_bytes).unwrap_or_default();
        let mut compiler = Taking { compiler: Compiler::new(given.is_some()), taken: Vec::new(), whole: true };
        let items = bounded(&all.get("matchConditions"), MOST_CONDITIONS);
        let mut names = Vec::new();
        let conditions = items.iter().filter_map(|item| condition(item, &mut compiler, &mut names)).collect();
        let items = bounded(&all.get("variables"), MOST_VARIABLES);
        let mut names = Vec::new();
        let variables = items.iter().filter_map(|item| variable(item, &mut compiler, &mut names)).collect();
        let items = bounded(&all.require("validations"), MOST_VALIDATIONS);
        if all.get("validations").is_list() && items.is_empty() {
            all.get("validations").complain("nothing would be judged: write at least one `expression`");
        }
        let validations = items.iter().filter_map(|item| validation(item, &mut compiler)).collect();
        let ignore = all.get("failurePolicy").word(&["Fail", "Ignore"]) == Some("Ignore");
        compiler.refuse_unknown(&params);
        Self { conditions, variables, validations, params: Code(params.into()), ignore }
    }
}

/// What compiles the expressions, and what each of them takes of `params`.
struct Taking<'a> {
    compiler: Compiler,
    taken: Vec<(Setting<'a>, &'a str, Vec<Read>)>,
    /// Whether all were read to their end.
    whole: bool,
}

impl<'a> Taking<'a> {
    /// The code that was made of an expression; a complaint is told where it stands.
    fn made(
        &mut self,
        setting: &Setting<'a>,
        expression: &'a str,
        made: impl FnOnce(&mut Compiler) -> Result<Vec<u8>, Complaint>,
    ) -> Option<Code<'a>> {
        match made(&mut self.compiler) {
            Ok(code) => {
                let reads = self.compiler.take_reads();
                if !reads.is_empty() {
                    self.taken.push((setting.clone(), expression, reads));
                }
                Some(Code(code.into()))
            }
            Err(complaint) => {
                self.whole = false;
                setting.complain(complaint.shown(expression));
                None
            }
        }
    }

    /// Complains of the first name in each expression that is not among the params; what could not be read may ask for it.
    fn refuse_unknown(&self, params: &[u8]) {
        if !self.whole {
            return;
        }
        for (setting, expression, reads) in &self.taken {
            let unknown = |read: &Read| Some(Complaint::new(read.at, self.compiler.unknown_param(read, params)?));
            if let Some(complaint) = reads.iter().find_map(unknown) {
                setting.complain(complaint.shown(expression));
            }
        }
    }
}

fn bounded<'a>(setting: &Setting<'a>, most: usize) -> Vec<Setting<'a>> {
    let items = setting.items();
    if items.len() > most {
        setting.complain(format!("more than {most} of them: use a second policy"));
        return Vec::new();
    }
    items
}

/// Compiles the expression under a key.
fn compiled<'a>(setting: &Setting<'a>, wanted: Wanted, compiler: &mut Taking<'a>) -> Option<(&'a str, Code<'a>)> {
    let expression = setting.text()?;
    let code = compiler.made(setting, expression, |compiler| compiler.compile(expression, wanted))?;
    Some((expression, code))
}

/// The name of a condition or variable; no two are alike.
fn name<'a>(object: &Object<'a, '_>, names: &mut Vec<&'a str>) -> Option<&'a str> {
    let setting = object.require("name");
    let name = setting.text()?;
    if names.contains(&name) {
        setting.complain(format!("`{}` stands here twice", name.escape_debug()));
    }
    names.push(name);
    Some(name)
}

fn condition<'a>(item: &Setting<'a>, compiler: &mut Taking<'a>, names: &mut Vec<&'a str>) -> Option<Condition<'a>> {
    let object = item.object(&["name", "expression"]);
    let name = name(&object, names);
    let (expression, code) = compiled(&object.require("expression"), Wanted::Bool, compiler)?;
    Some(Condition { name: name?, expression, code })
}

fn variable<'a>(item: &Setting<'a>, compiler: &mut Taking<'a>, names: &mut Vec<&'a str>) -> Option<Code<'a>> {
    let object = item.object(&["name", "expression"]);
    let name = name(&object, names)?;
    let plain =
        name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric()) && !name.starts_with(|c: char| c.is_ascii_digit());
    if !plain {
        let what =
            format!("`{}` is no name: write letters, digits and `_`, such as `image_names`", name.escape_debug());
        object.get("name").complain(what);
    }
    let setting = object.require("expression");
    let expression = setting.text()?;
    compiler.made(&setting, expression, |compiler| compiler.variable(name, expression))
}

fn validation<'a>(item: &Setting<'a>, compiler: &mut Taking<'a>) -> Option<Validation<'a>> {
    let object = item.object(&["expression", "message", "messageExpression", "reason"]);
    object.get("reason").word(&REASONS);
    let setting = object.get("message");
    let message = setting.text();
    if message.is_some_and(|message| message.trim().contains('\n')) {
        setting.complain("a message is one line: take its line breaks out");
    }
    let made = object.get("messageExpression");
    let message_code = compiled(&made, Wanted::Text, compiler).map(|(_, code)| code);
    let written = object.require("expression");
    let (expression, code) = compiled(&written, Wanted::Bool, compiler)?;
    Some(Validation { expression, code, message, message_code })
}
