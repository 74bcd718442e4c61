//! Projects from our templates, served as their repositories would be, for the catalog to read.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tiny_http::{Response, Server};

/// Texts that want out of their quotes.
const DESCRIPTION: &str = r##"Says "yes": to <all> & #nothing, \ ${x} 'no'"##;

/// A web server with the files of several projects.
pub struct Projects {
    server: Arc<Server>,
    /// The references of what their catalog files describe.
    pub entities: Vec<&'static str>,
}

impl Projects {
    pub fn serve() -> Projects {
        let service = json!({
            "name": "invoice-service", "description": DESCRIPTION, "owner": "platform-team",
            "needs": ["backend-api"], "secrets": ["billpay/api/keys"], "build": "maven",
        });
        let shell = json!({
            "name": "customer-portal", "title": "Customers' \"portal\"", "description": DESCRIPTION,
            "owner": "platform-team", "role": "shell",
        });
        let remote = json!({
            "name": "invoices", "title": "Invoices", "description": "What is owed", "owner": "platform-team",
            "role": "remote",
        });
        let mut files = BTreeMap::new();
        let projects =
            [("billpay-service", &service), ("billpay-frontend", &shell), ("billpay-frontend", &remote)];
        for (template, values) in projects {
            let name = values["name"].as_str().expect("a name");
            let made = super::backend::scaffolded(template, values).into_iter();
            files.extend(made.map(|(path, bytes)| (format!("/{name}/{path}"), bytes)));
        }
        let server = Arc::new(Server::http("127.0.0.1:0").expect("a web server"));
        let answering = Arc::clone(&server);
        // Ends when the server is unblocked.
        std::thread::spawn(move || {
            for request in answering.incoming_requests() {
                let _ = match files.get(request.url()) {
                    Some(bytes) => request.respond(Response::from_data(bytes.clone())),
                    None => request.respond(Response::empty(404)),
                };
            }
        });
        let entities = vec![
            "component:default/invoice-service",
            "api:default/invoice-service",
            "component:default/customer-portal",
            "component:default/invoices",
        ];
        Projects { server, entities }
    }

    /// The host that a catalog has to be allowed to read.
    pub fn host(&self) -> String {
        self.server.server_addr().to_string()
    }

    /// Returns the locations of the projects for the catalog.
    pub fn locations(&self) -> Vec<Value> {
        let location = |name: &str| {
            let target = format!("http://{}/{name}/catalog-info.yaml", self.host());
            json!({"type": "url", "target": target, "rules": [{"allow": ["Component", "API"]}]})
        };
        ["invoice-service", "customer-portal", "invoices"].map(location).into()
    }
}

impl Drop for Projects {
    fn drop(&mut self) {
        self.server.unblock();
    }
}
