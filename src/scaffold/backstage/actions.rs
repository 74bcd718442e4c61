//! The portal's own actions: what they take, and what it is to be.

use serde_json::Value;

/// What an input of an action has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
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
    pub shape: Shape,
    pub required: bool,
}

/// An action that works on the project's files, or on nothing.
#[derive(Debug)]
pub(super) struct Action {
    pub id: &'static str,
    pub inputs: &'static [Input],
}

const fn required(name: &'static str, shape: Shape) -> Input {
    Input { name, shape, required: true }
}

const fn optional(name: &'static str, shape: Shape) -> Input {
    Input { name, shape, required: false }
}

/// Those that billpay does itself.
pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "fetch:template",
        inputs: &[
            required("url", Shape::Text),
            optional("targetPath", Shape::Text),
            optional("values", Shape::Mapping),
            optional("copyWithoutRender", Shape::Texts),
            optional("copyWithoutTemplating", Shape::Texts),
            optional("cookiecutterCompat", Shape::YesNo),
            optional("templateFileExtension", Shape::TextOrYesNo),
            optional("replace", Shape::YesNo),
            optional("trimBlocks", Shape::YesNo),
            optional("lstripBlocks", Shape::YesNo),
            optional("token", Shape::Text),
        ],
    },
    Action {
        id: "fetch:template:file",
        inputs: &[
            required("url", Shape::Text),
            required("targetPath", Shape::Text),
            optional("values", Shape::Mapping),
            optional("cookiecutterCompat", Shape::YesNo),
            optional("replace", Shape::YesNo),
            optional("trimBlocks", Shape::YesNo),
            optional("lstripBlocks", Shape::YesNo),
            optional("token", Shape::Text),
        ],
    },
    Action {
        id: "fetch:plain",
        inputs: &[
            required("url", Shape::Text),
            optional("targetPath", Shape::Text),
            optional("token", Shape::Text),
        ],
    },
    Action {
        id: "fetch:plain:file",
        inputs: &[
            required("url", Shape::Text),
            required("targetPath", Shape::Text),
            optional("token", Shape::Text),
        ],
    },
    Action { id: "fs:delete", inputs: &[required("files", Shape::Texts)] },
    Action { id: "fs:rename", inputs: &[required("files", Shape::Renames)] },
    Action {
        id: "fs:readdir",
        inputs: &[required("paths", Shape::Paths), optional("recursive", Shape::YesNo)],
    },
    Action {
        id: "debug:log",
        inputs: &[
            optional("message", Shape::Text),
            optional("listWorkspace", Shape::OneOfOrYesNo(&["with-filenames", "with-contents"])),
        ],
    },
    Action {
        id: "debug:wait",
        inputs: &[
            optional("minutes", Shape::Number),
            optional("seconds", Shape::Number),
            optional("milliseconds", Shape::Number),
        ],
    },
    Action {
        id: "catalog:write",
        inputs: &[optional("filePath", Shape::Text), required("entity", Shape::Mapping)],
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

impl Shape {
    /// What it is, for people.
    pub fn told(self) -> String {
        match self {
            Shape::Text => "a text".into(),
            Shape::Number => "a number".into(),
            Shape::YesNo => "true or false".into(),
            Shape::TextOrYesNo => "true, false or a text".into(),
            Shape::OneOfOrYesNo(words) => format!("true, false, {}", words.join(", ")),
            Shape::Texts => "a list of texts".into(),
            Shape::Paths => "a list of texts, none of them empty".into(),
            Shape::Mapping => "a mapping".into(),
            Shape::Renames => "a list of mappings with `from`, `to` and, if need be, `overwrite`".into(),
        }
    }

    /// Whether a value is that.
    pub fn fits(self, value: &Value) -> bool {
        let list = |fits: fn(&Value) -> bool| value.as_array().is_some_and(|items| items.iter().all(fits));
        match self {
            Shape::Text => value.is_string(),
            Shape::Number => value.is_number(),
            Shape::YesNo => value.is_boolean(),
            Shape::TextOrYesNo => value.is_boolean() || value.is_string(),
            Shape::OneOfOrYesNo(words) => {
                value.is_boolean() || value.as_str().is_some_and(|word| words.contains(&word))
            }
            Shape::Texts => list(Value::is_string),
            Shape::Paths => list(|item| item.as_str().is_some_and(|text| !text.is_empty())),
            Shape::Mapping => value.is_object(),
            Shape::Renames => list(is_rename),
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
