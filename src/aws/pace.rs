//! Keeps our calls within what each API allows, so that one of them, throttled, does not
//! stop the others.
//!
//! Limits are AWS's documented EC2 token buckets (burst / refill a second), per account,
//! region and API: describing 100/20, changing 50/5, CreateNatGateway 10/1,
//! CreateVpcEndpoint 4/0.3. The other services publish no figures that we come near.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use leaky_bucket::RateLimiter;

/// The name of a call, carried by its request: `("EC2", "CreateVpc")`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct CallName {
    service: String,
    operation: String,
}

/// Writes the name of the call onto its request, where the connector can read it.
#[derive(Debug)]
pub struct NameCalls;

#[dyn_dispatch_hint]
impl Intercept for NameCalls {
    fn name(&self) -> &'static str {
        "NameCalls"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(metadata) = config.load::<Metadata>() {
            let name =
                CallName { service: metadata.service().to_string(), operation: metadata.name().to_string() };
            context.request_mut().add_extension(name);
        }
        Ok(())
    }
}

/// An HTTP client that waits for its turn before each call.
#[derive(Debug, Clone)]
pub struct PacedClient {
    inner: SharedHttpClient,
    buckets: Arc<Buckets>,
}

impl PacedClient {
    pub fn new() -> PacedClient {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
        let inner = Builder::new().tls_provider(provider).build_https();
        PacedClient { inner, buckets: Arc::default() }
    }
}

impl HttpClient for PacedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(PacedConnector { inner, buckets: self.buckets.clone() })
    }
}

#[derive(Debug)]
struct PacedConnector {
    inner: SharedHttpConnector,
    buckets: Arc<Buckets>,
}

impl HttpConnector for PacedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = request.extension::<CallName>().cloned();
        let bucket = call.as_ref().and_then(|call| self.buckets.of(call));
        let inner = self.inner.clone();
        HttpConnectorFuture::new(async move {
            if let Some(bucket) = bucket {
                bucket.acquire_one().await;
            }
            if let Some(CallName { service, operation }) = call {
                tracing::debug!(target: "billpay::aws", service, operation, "call");
            }
            inner.call(request).await
        })
    }
}

/// One token bucket an API, made when the API is first called.
#[derive(Default)]
struct Buckets(Mutex<HashMap<CallName, Arc<RateLimiter>>>);

impl std::fmt::Debug for Buckets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Buckets")
    }
}

impl Buckets {
    fn of(&self, call: &CallName) -> Option<Arc<RateLimiter>> {
        let (burst, every) = limit(call)?;
        let mut buckets = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let bucket = buckets.entry(call.clone()).or_insert_with(|| {
            Arc::new(RateLimiter::builder().initial(burst).max(burst).refill(1).interval(every).build())
        });
        Some(bucket.clone())
    }
}

/// The burst that an API allows, and how long until it allows one more.
fn limit(call: &CallName) -> Option<(usize, Duration)> {
    if !call.service.eq_ignore_ascii_case("ec2") {
        return None;
    }
    Some(match call.operation.as_str() {
        "CreateNatGateway" => (10, Duration::from_secs(1)),
        "CreateVpcEndpoint" => (4, Duration::from_millis(3300)),
        operation if operation.starts_with("Describe") || operation.starts_with("Get") => {
            (100, Duration::from_millis(50))
        }
        _ => (50, Duration::from_millis(200)),
    })
}
