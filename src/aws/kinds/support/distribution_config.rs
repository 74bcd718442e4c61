//! The configuration of a distribution: what we compare of it, and how that is read from
//! and put into CloudFront's own, which holds more (web ACL, logging, functions).

use aws_sdk_cloudfront::types::{
    Aliases, AllowedMethods, CacheBehavior, CacheBehaviors, CachedMethods, CustomErrorResponse,
    CustomErrorResponses, DefaultCacheBehavior, DistributionConfig as Config, HttpVersion, Method,
    MinimumProtocolVersion, Origin as CfOrigin, Origins, PriceClass, S3OriginConfig, SslSupportMethod,
    ViewerCertificate, ViewerProtocolPolicy,
};
use billpay_model::failure::Failure;
use billpay_model::resource::{Ref, Tags};
use serde::{Deserialize, Serialize};

use super::named::Built;

const CALL: &str = "cloudfront:UpdateDistribution";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attrs {
    pub comment: String,
    pub enabled: bool,
    pub price_class: String,
    pub http_version: String,
    pub ipv6: bool,
    pub root_object: String,
    /// Custom domains, sorted.
    pub aliases: Vec<String>,
    /// ARN of the ACM certificate; none for CloudFront's own.
    pub certificate: Option<String>,
    pub minimum_tls: String,
    /// Sorted by id.
    pub origins: Vec<Origin>,
    /// In the order that they are tried in, the default (`*`) last.
    pub behaviors: Vec<Behavior>,
    /// Sorted by code.
    pub error_pages: Vec<ErrorPage>,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    pub id: String,
    pub domain: String,
    pub access_control: Ref,
}

/// Cache behaviour for some paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Behavior {
    pub path: String,
    pub origin: String,
    pub viewers: String,
    /// Sorted.
    pub methods: Vec<String>,
    pub compress: bool,
    pub cache_policy: String,
    pub headers_policy: Ref,
}

/// Answer instead of an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorPage {
    pub code: i32,
    pub page: String,
    pub answer: String,
    pub seconds: i64,
}

/// The path of the behavior for everything that no other one matches.
pub const DEFAULT: &str = "*";

/// Reads a behavior of either of the SDK's two types, which have the same fields.
macro_rules! read_behavior {
    ($behavior:expr, $path:expr) => {{
        let behavior = $behavior;
        let allowed = behavior.allowed_methods.iter().flat_map(|allowed| &allowed.items);
        let mut methods: Vec<String> = allowed.map(ToString::to_string).collect();
        methods.sort();
        Behavior {
            path: $path.to_string(),
            origin: behavior.target_origin_id.clone(),
            viewers: behavior.viewer_protocol_policy.to_string(),
            methods,
            compress: behavior.compress.unwrap_or(false),
            cache_policy: behavior.cache_policy_id.clone().unwrap_or_default(),
            headers_policy: behavior.response_headers_policy_id.clone().unwrap_or_default().into(),
        }
    }};
}
/// Puts what we manage into a behavior of either type.
macro_rules! write_behavior {
    ($behavior:expr, $wanted:expr) => {{
        let (behavior, wanted) = ($behavior, $wanted);
        behavior.target_origin_id = wanted.origin.clone();
        behavior.viewer_protocol_policy = ViewerProtocolPolicy::from(wanted.viewers.as_str());
        behavior.allowed_methods = Some(methods(&wanted.methods)?);
        behavior.compress = Some(wanted.compress);
        behavior.cache_policy_id = Some(wanted.cache_policy.clone());
        behavior.response_headers_policy_id = Some(wanted.headers_policy.text().to_string());
        // A cache policy stands instead of these; CloudFront refuses both.
        behavior.forwarded_values = None;
        (behavior.min_ttl, behavior.default_ttl, behavior.max_ttl) = (None, None, None);
    }};
}
/// Reads a distribution's settings, in the shape that they are compared in.
pub fn read(config: &Config, tags: Tags) -> Attrs {
    let certificate = config.viewer_certificate.as_ref();
    let origins = config.origins.iter().flat_map(|origins| &origins.items);
    let mut origins: Vec<Origin> = origins
        .map(|origin| Origin {
            id: origin.id.clone(),
            domain: origin.domain_name.clone(),
            access_control: origin.origin_access_control_id.clone().unwrap_or_default().into(),
        })
        .collect();
    origins.sort_by(|a, b| a.id.cmp(&b.id));
    let ordered = config.cache_behaviors.iter().flat_map(|behaviors| behaviors.items());
    let default = config.default_cache_behavior.iter().map(|behavior| read_behavior!(behavior, DEFAULT));
    let errors = config.custom_error_responses.iter().flat_map(|errors| errors.items());
    let mut error_pages: Vec<ErrorPage> = errors.map(read_error).collect();
    error_pages.sort_by_key(|error| error.code);
    let mut aliases: Vec<String> =
        config.aliases.as_ref().map(|aliases| aliases.items().to_vec()).unwrap_or_default();
    aliases.sort();
    Attrs {
        comment: config.comment.clone(),
        enabled: config.enabled,
        price_class: config.price_class.as_ref().map(ToString::to_string).unwrap_or_default(),
        // CloudFront answers in capitals at times.
        http_version: config
            .http_version
            .as_ref()
            .map(|version| version.to_string().to_lowercase())
            .unwrap_or_default(),
        ipv6: config.is_ipv6_enabled.unwrap_or(false),
        root_object: config.default_root_object.clone().unwrap_or_default(),
        aliases,
        certificate: certificate.and_then(|by| by.acm_certificate_arn.clone()).filter(|arn| !arn.is_empty()),
        minimum_tls: certificate
            .and_then(|by| by.minimum_protocol_version.as_ref())
            .map_or(OWN_CERTIFICATE_TLS.to_string(), ToString::to_string),
        origins,
        behaviors: ordered
            .map(|behavior| read_behavior!(behavior, behavior.path_pattern))
            .chain(default)
            .collect(),
        error_pages,
        tags,
    }
}

/// CloudFront's own certificate comes with this, whatever is asked for.
pub const OWN_CERTIFICATE_TLS: MinimumProtocolVersion = MinimumProtocolVersion::TlSv1;

fn read_error(error: &CustomErrorResponse) -> ErrorPage {
    ErrorPage {
        code: error.error_code,
        page: error.response_page_path.clone().unwrap_or_default(),
        answer: error.response_code.clone().unwrap_or_default(),
        seconds: error.error_caching_min_ttl.unwrap_or_default(),
    }
}

/// Puts what we manage into a configuration, live or new. The rest stays as it is.
pub fn write(config: &mut Config, attrs: &Attrs) -> Result<(), Failure> {
    config.comment = attrs.comment.clone();
    config.enabled = attrs.enabled;
    config.price_class = Some(PriceClass::from(attrs.price_class.as_str()));
    config.http_version = Some(HttpVersion::from(attrs.http_version.as_str()));
    config.is_ipv6_enabled = Some(attrs.ipv6);
    config.default_root_object = Some(attrs.root_object.clone());
    let aliases = attrs.aliases.clone();
    config.aliases =
        Some(Aliases::builder().quantity(count(&aliases)).set_items(some(aliases)).build().built(CALL)?);
    config.viewer_certificate = Some(match &attrs.certificate {
        Some(arn) => ViewerCertificate::builder()
            .acm_certificate_arn(arn)
            .ssl_support_method(SslSupportMethod::SniOnly)
            .minimum_protocol_version(MinimumProtocolVersion::from(attrs.minimum_tls.as_str()))
            .build(),
        None => ViewerCertificate::builder().cloud_front_default_certificate(true).build(),
    });
    write_origins(config, attrs)?;
    write_behaviors(config, attrs)?;
    let errors: Vec<CustomErrorResponse> =
        attrs.error_pages.iter().map(write_error).collect::<Result<_, Failure>>()?;
    let errors = CustomErrorResponses::builder().quantity(count(&errors)).set_items(some(errors));
    config.custom_error_responses = Some(errors.build().built(CALL)?);
    Ok(())
}

fn write_origins(config: &mut Config, attrs: &Attrs) -> Result<(), Failure> {
    let live = config.origins.take().map(|origins| origins.items).unwrap_or_default();
    let origins: Vec<CfOrigin> = attrs
        .origins
        .iter()
        .map(|wanted| {
            let mut origin = match live.iter().find(|origin| origin.id == wanted.id) {
                Some(origin) => origin.clone(),
                None => CfOrigin::builder().id(&wanted.id).domain_name(&wanted.domain).build().built(CALL)?,
            };
            origin.domain_name = wanted.domain.clone();
            origin.origin_access_control_id = Some(wanted.access_control.text().to_string());
            // Empty, as access control wants it; without it this is no S3 origin.
            let s3 = S3OriginConfig::builder().origin_access_identity("").build();
            origin.s3_origin_config.get_or_insert(s3).origin_access_identity = String::new();
            origin.custom_origin_config = None;
            Ok(origin)
        })
        .collect::<Result<_, Failure>>()?;
    let origins = Origins::builder().quantity(count(&origins)).set_items(Some(origins));
    config.origins = Some(origins.build().built(CALL)?);
    Ok(())
}

#[allow(deprecated)] // What a cache policy stands instead of has to be taken out.
fn write_behaviors(config: &mut Config, attrs: &Attrs) -> Result<(), Failure> {
    let live = config.cache_behaviors.take().and_then(|behaviors| behaviors.items).unwrap_or_default();
    let mut ordered = vec![];
    for wanted in &attrs.behaviors {
        let viewers = ViewerProtocolPolicy::from(wanted.viewers.as_str());
        if wanted.path == DEFAULT {
            let new = DefaultCacheBehavior::builder()
                .target_origin_id(&wanted.origin)
                .viewer_protocol_policy(viewers)
                .build()
                .built(CALL)?;
            write_behavior!(config.default_cache_behavior.get_or_insert(new), wanted);
            continue;
        }
        let mut behavior = match live.iter().find(|behavior| behavior.path_pattern == wanted.path) {
            Some(behavior) => behavior.clone(),
            None => CacheBehavior::builder()
                .path_pattern(&wanted.path)
                .target_origin_id(&wanted.origin)
                .viewer_protocol_policy(viewers)
                .build()
                .built(CALL)?,
        };
        write_behavior!(&mut behavior, wanted);
        ordered.push(behavior);
    }
    let behaviors = CacheBehaviors::builder().quantity(count(&ordered)).set_items(some(ordered));
    config.cache_behaviors = Some(behaviors.build().built(CALL)?);
    Ok(())
}

fn methods(wanted: &[String]) -> Result<AllowedMethods, Failure> {
    let cached = vec![Method::Get, Method::Head];
    let cached = CachedMethods::builder().quantity(count(&cached)).set_items(Some(cached));
    let methods: Vec<Method> = wanted.iter().map(|method| Method::from(method.as_str())).collect();
    AllowedMethods::builder()
        .quantity(count(&methods))
        .set_items(Some(methods))
        .cached_methods(cached.build().built(CALL)?)
        .build()
        .built(CALL)
}

fn write_error(page: &ErrorPage) -> Result<CustomErrorResponse, Failure> {
    CustomErrorResponse::builder()
        .error_code(page.code)
        .response_page_path(&page.page)
        .response_code(&page.answer)
        .error_caching_min_ttl(page.seconds)
        .build()
        .built(CALL)
}

/// CloudFront wants every list's length said beside it.
fn count<T>(items: &[T]) -> i32 {
    i32::try_from(items.len()).unwrap_or(i32::MAX)
}

/// CloudFront wants no list at all where there is nothing in it.
fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    Some(items).filter(|items| !items.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudfront::types::{FunctionAssociation, FunctionAssociations};

    fn attrs() -> Attrs {
        let behavior = |path: &str, cache: &str| Behavior {
            path: path.to_string(),
            origin: "bucket".to_string(),
            viewers: "redirect-to-https".to_string(),
            methods: ["GET", "HEAD", "OPTIONS"].map(String::from).to_vec(),
            compress: true,
            cache_policy: cache.to_string(),
            headers_policy: "policy-1".into(),
        };
        Attrs {
            comment: "billpay-dev-payment".to_string(),
            enabled: true,
            price_class: "PriceClass_100".to_string(),
            http_version: "http2and3".to_string(),
            ipv6: true,
            root_object: "index.html".to_string(),
            aliases: vec!["a.example.com".to_string()],
            certificate: Some("arn:aws:acm:us-east-1:123456789012:certificate/1".to_string()),
            minimum_tls: "TLSv1.2_2021".to_string(),
            origins: vec![Origin {
                id: "bucket".to_string(),
                domain: "b.s3.us-east-1.amazonaws.com".to_string(),
                access_control: "E1".into(),
            }],
            behaviors: vec![behavior("/index.html", "off"), behavior(DEFAULT, "on")],
            error_pages: vec![ErrorPage {
                code: 404,
                page: "/index.html".to_string(),
                answer: "200".to_string(),
                seconds: 10,
            }],
            tags: Tags::new(),
        }
    }

    fn new() -> Config {
        Config::builder().caller_reference("1").comment("").enabled(false).build().unwrap()
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut config = new();
        write(&mut config, &attrs()).unwrap();
        assert_eq!(read(&config, Tags::new()), attrs());
        let plain = Attrs {
            certificate: None,
            minimum_tls: OWN_CERTIFICATE_TLS.to_string(),
            aliases: vec![],
            error_pages: vec![],
            ..attrs()
        };
        write(&mut config, &plain).unwrap();
        assert_eq!(read(&config, Tags::new()), plain);
    }

    #[test]
    fn what_others_set_stays() {
        let mut config = new();
        write(&mut config, &attrs()).unwrap();
        config.web_acl_id = Some("acl".to_string());
        let functions = FunctionAssociation::builder()
            .function_arn("arn")
            .event_type(aws_sdk_cloudfront::types::EventType::ViewerRequest)
            .build()
            .unwrap();
        let functions = FunctionAssociations::builder().quantity(1).items(functions).build().unwrap();
        config.default_cache_behavior.as_mut().unwrap().function_associations = Some(functions.clone());
        write(&mut config, &Attrs { price_class: "PriceClass_All".to_string(), ..attrs() }).unwrap();
        assert_eq!(config.web_acl_id.as_deref(), Some("acl"));
        assert_eq!(config.default_cache_behavior.unwrap().function_associations, Some(functions));
    }
}
