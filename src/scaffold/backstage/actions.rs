//! The portal's own actions and the types of their inputs.

use serde_json::Value;

/// Type of an action's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InputType {
    Text,
    Number,
    YesNo,
    /// `true`, `false` or a text.
    TextOrYesNo,
    /// `true`, `false` or one of these.
    OneOfOrYesNo(&'static [&'static str]),
    Texts,
    /// Texts, none of them empty.
    Paths,
    Mapping,
    /// `[{from: a, to: b, overwrite: true}]`
    Renames,
}

#[derive(Debug)]
pub(super) struct Input {
    pub name: &'static str,
    pub shape: InputType,
    pub required: bool,
}

/// An action that works on the project's files, or on nothing.
#[derive(Debug)]
pub(super) struct Action {
    pub id: &'static str,
    pub inputs: &'static [Input],
}

const fn required(name: &'static str, shape: InputType) -> Input {
    Input { name, shape, required: true }
}

const fn optional(name: &'static str, shape: InputType) -> Input {
    Input { name, shape, required: false }
}

/// Actions that billpay runs itself.
pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "fetch:template",
        inputs: &[
            required("url", InputType::Text),
            optional("targetPath", InputType::Text),
            optional("values", InputType::Mapping),
            optional("copyWithoutRender", InputType::Texts),
            optional("copyWithoutTemplating", InputType::Texts),
            optional("cookiecutterCompat", InputType::YesNo),
            optional("templateFileExtension", InputType::TextOrYesNo),
            optional("replace", InputType::YesNo),
            optional("trimBlocks", InputType::YesNo),
            optional("lstripBlocks", InputType::YesNo),
            optional("token", InputType::Text),
        ],
    },
    Action {
        id: "fetch:template:file",
        inputs: &[
            required("url", InputType::Text),
            required("targetPath", InputType::Text),
            optional("values", InputType::Mapping),
            optional("cookiecutterCompat", InputType::YesNo),
            optional("replace", InputType::YesNo),
            optional("trimBlocks", InputType::YesNo),
            optional("lstripBlocks", InputType::YesNo),
            optional("token", InputType::Text),
        ],
    },
    Action {
        id: "fetch:plain",
        inputs: &[
            required("url", InputType::Text),
            optional("targetPath", InputType::Text),
            optional("token", InputType::Text),
        ],
    },
    Action {
        id: "fetch:plain:file",
        inputs: &[
            required("url", InputType::Text),
            required("targetPath", InputType::Text),
            optional("token", InputType::Text),
        ],
    },
    Action { id: "fs:delete", inputs: &[required("files", InputType::Texts)] },
    Action { id: "fs:rename", inputs: &[required("files", InputType::Renames)] },
    Action {
        id: "fs:readdir",
        inputs: &[required("paths", InputType::Paths), optional("recursive", InputType::YesNo)],
    },
    Action {
        id: "debug:log",
        inputs: &[
            optional("message", InputType::Text),
            optional("listWorkspace", InputType::OneOfOrYesNo(&["with-filenames", "with-contents"])),
        ],
    },
    Action {
        id: "debug:wait",
        inputs: &[
            optional("minutes", InputType::Number),
            optional("seconds", InputType::Number),
            optional("milliseconds", InputType::Number),
        ],
    },
    Action {
        id: "catalog:write",
        inputs: &[optional("filePath", InputType::Text), required("entity", InputType::Mapping)],
    },
];

/// Actions of the portal and its usual modules that act on the outside, for `did you mean`.
pub(super) const OUTSIDE: &[&str] = &[
    "catalog:fetch",
    "catalog:register",
    "github:actions:dispatch",
    "github:autolinks:create",
    "github:branch-protection:create",
    "github:deployKey:create",
    "github:environment:create",
    "github:issues:label",
    "github:pages:enable",
    "github:repo:create",
    "github:repo:push",
    "github:webhook",
    "gitlab:group:ensureExists",
    "gitlab:projectAccessToken:create",
    "gitlab:projectVariable:create",
    "notification:send",
    "publish:azure",
    "publish:bitbucketCloud",
    "publish:bitbucketServer",
    "publish:gerrit",
    "publish:gitea",
    "publish:github",
    "publish:github:pull-request",
    "publish:gitlab",
    "publish:gitlab:merge-request",
];

pub(super) fn find(id: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.id == id)
}

impl InputType {
    /// Describes the type, for messages.
    pub fn describe(self) -> String {
        match self {
            InputType::Text => "a text".into(),
            InputType::Number => "a number".into(),
            InputType::YesNo => "true or false".into(),
            InputType::TextOrYesNo => "true, false or a text".into(),
            InputType::OneOfOrYesNo(words) => format!("true, false, {}", words.join(", ")),
            InputType::Texts => "a list of texts".into(),
            InputType::Paths => "a list of texts, none of them empty".into(),
            InputType::Mapping => "a mapping".into(),
            InputType::Renames => "a list of mappings with `from`, `to` and, if need be, `overwrite`".into(),
        }
    }

    /// Returns true if a value is that.
    pub fn fits(self, value: &Value) -> bool {
        let list = |fits: fn(&Value) -> bool| value.as_array().is_some_and(|items| items.iter().all(fits));
        match self {
            InputType::Text => value.is_string(),
            InputType::Number => value.is_number(),
            InputType::YesNo => value.is_boolean(),
            InputType::TextOrYesNo => value.is_boolean() || value.is_string(),
            InputType::OneOfOrYesNo(words) => {
                value.is_boolean() || value.as_str().is_some_and(|word| words.contains(&word))
            }
            InputType::Texts => list(Value::is_string),
            InputType::Paths => list(|item| item.as_str().is_some_and(|text| !text.is_empty())),
            InputType::Mapping => value.is_object(),
            InputType::Renames => list(is_rename),
        }
    }
}

fn is_rename(value: &Value) -> bool {
    value.as_object().is_some_and(|object| {
        let text = |key: &str| object.get(key).is_some_and(Value::is_string);
        text("from")
            && text("to")
            && object.get("overwrite").is_none_or(Value::is_boolean)
            && object.keys().all(|key| matches!(key.as_str(), "from" | "to" | "overwrite"))
    })
}
