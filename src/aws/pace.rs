//! Keeps our calls within what each API allows, so that one of them, throttled, does not
//! stop the others.
//!
//! Here, too, a call that changes something is kept back when the run has lost its lock: it may have waited for its turn,
//! or be one that the SDK sends again.
//!
//! Limits are AWS's documented EC2 token buckets (burst / refill a second), per account,
//! region and API: describing 100/20, changing 50/5, CreateNatGateway 10/1,
//! CreateVpcEndpoint 4/0.3. The other services publish no figures that we come near.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
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
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use billpay_engine::guard::Guard;
use leaky_bucket::RateLimiter;

/// The name of a call, carried by its request: `("EC2", "CreateVpc")`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct CallName {
    service: String,
    operation: String,
}

impl CallName {
    /// Returns whether the call changes nothing.
    fn is_read(&self) -> bool {
        ["Describe", "Get", "Head", "List"].iter().any(|verb| self.operation.starts_with(verb))
    }
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

/// The guard of a run, once there is one.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<OnceLock<Arc<dyn Guard>>>);

impl Gate {
    /// Sets the guard; a second one is not taken.
    pub fn set(&self, guard: Arc<dyn Guard>) {
        let _ = self.0.set(guard);
    }

    /// Returns whether a call may be sent.
    fn lets(&self, call: Option<&CallName>) -> bool {
        call.is_some_and(CallName::is_read) || self.0.get().is_none_or(|guard| guard.may_work())
    }
}

/// An HTTP client that waits for its turn before each call.
#[derive(Debug, Clone)]
pub struct PacedClient {
    inner: SharedHttpClient,
    buckets: Arc<Buckets>,
    gate: Gate,
}

impl PacedClient {
    pub fn new(gate: Gate) -> PacedClient {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
        let inner = Builder::new().tls_provider(provider).build_https();
        PacedClient { inner, buckets: Arc::default(), gate }
    }
}

impl HttpClient for PacedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        let (buckets, gate) = (self.buckets.clone(), self.gate.clone());
        SharedHttpConnector::new(PacedConnector { inner, buckets, gate })
    }
}

#[derive(Debug)]
struct PacedConnector {
    inner: SharedHttpConnector,
    buckets: Arc<Buckets>,
    gate: Gate,
}

impl HttpConnector for PacedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = request.extension::<CallName>().cloned();
        let bucket = call.as_ref().and_then(|call| self.buckets.of(call));
        let (inner, gate) = (self.inner.clone(), self.gate.clone());
        HttpConnectorFuture::new(async move {
            if let Some(bucket) = bucket {
                bucket.acquire_one().await;
            }
            if !gate.lets(call.as_ref()) {
                return Err(ConnectorError::user("not sent: the run has lost its lock".into()));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Lost;

    impl Guard for Lost {
        fn may_work(&self) -> bool {
            false
        }
    }

    #[test]
    fn without_a_lock_calls_only_read() {
        let call = |operation: &str| CallName { service: "EC2".into(), operation: operation.into() };
        let gate = Gate::default();
        assert!(gate.lets(Some(&call("CreateVpc"))), "no run has begun");
        gate.set(Arc::new(Lost));
        for read in ["DescribeVpcs", "GetRole", "HeadBucket", "ListRoles"] {
            assert!(gate.lets(Some(&call(read))), "{read}");
        }
        for change in ["CreateVpc", "DeleteRole", "PutObject", "TagResource"] {
            assert!(!gate.lets(Some(&call(change))), "{change}");
        }
        assert!(!gate.lets(None), "nobody knows what it does");
    }
}
