//! Turns the SDK's errors into [`Failure`]s: one place that knows AWS's error codes.

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use billpay_model::failure::{Failure, FailureClass};

/// Says which call an SDK result came from.
pub trait Explain<T> {
    /// Names the call as IAM does (`ec2:CreateVpc`) and classifies its error.
    ///
    /// # Errors
    /// Fails if the call failed, with its class and code.
    fn at(self, call: &str) -> Result<T, Failure>;
}

impl<T, E> Explain<T> for Result<T, SdkError<E, Response>>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn at(self, call: &str) -> Result<T, Failure> {
        self.map_err(|error| explain(call, &error))
    }
}

/// For calls that name something made a moment ago.
pub trait Lagging {
    /// Takes "not found" for "not visible yet": reads of AWS lag behind writes, and what a
    /// create or an update names was there when the run came to it.
    fn lagging(self) -> Self;
}

impl<T> Lagging for Result<T, Failure> {
    fn lagging(self) -> Self {
        self.map_err(|failure| match failure.class {
            FailureClass::NotFound => Failure { class: FailureClass::Lagging, ..failure },
            _ => failure,
        })
    }
}

/// For calls about something that need not exist.
pub trait Optional<T> {
    /// Turns "not found" into `None`.
    ///
    /// # Errors
    /// Fails with every other failure.
    fn optional(self) -> Result<Option<T>, Failure>;
}

impl<T> Optional<T> for Result<T, Failure> {
    fn optional(self) -> Result<Option<T>, Failure> {
        match self {
            Err(failure) if failure.class == FailureClass::NotFound => Ok(None),
            answer => answer.map(Some),
        }
    }
}

/// Returns what a create call answered with; without it, nobody knows whether anything was made.
///
/// # Errors
/// Fails as ambiguous if there is no answer.
pub fn expect_created<T>(answer: Option<T>, call: &str) -> Result<T, Failure> {
    answer
        .ok_or_else(|| Failure::new(FailureClass::Ambiguous, call, "the answer names nothing that was made"))
}

/// A refusal that comes inside an answer which itself says success, as those of calls on
/// several things at once do.
pub fn refusal(call: &str, code: &str, message: &str) -> Failure {
    Failure {
        class: classify(code, message, 400),
        call: call.to_string(),
        code: code.to_string(),
        message: message.to_string(),
        request_id: String::new(),
    }
}

fn explain<E>(call: &str, error: &SdkError<E, Response>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let fail = |class, message: String| Failure::new(class, call, message);
    match error {
        SdkError::ServiceError(context) => {
            let (meta, response) = (context.err().meta(), context.raw());
            let status = response.status().as_u16();
            let code = meta.code().unwrap_or_default().to_string();
            let message = meta.message().unwrap_or_default().to_string();
            let request_id = ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"]
                .iter()
                .find_map(|name| response.headers().get(*name))
                .or_else(|| meta.extra("aws_request_id"))
                .unwrap_or_default()
                .to_string();
            let message = match (message.is_empty(), code.is_empty()) {
                (false, _) => message,
                (true, false) => "the service gave no reason".to_string(),
                // What AWS did is done, and what it said about it can't be read.
                (true, true) if response.status().is_success() => {
                    format!("the answer can't be read: {}", root(error))
                }
                (true, true) => format!("HTTP status {status}"),
            };
            Failure { class: classify(&code, &message, status), call: call.into(), code, message, request_id }
        }
        SdkError::TimeoutError(_) => fail(FailureClass::Ambiguous, "no answer in time".into()),
        SdkError::ResponseError(_) => {
            fail(FailureClass::Ambiguous, format!("the answer broke off: {}", root(error)))
        }
        // Nothing was sent, or it was and the connection broke before an answer came.
        SdkError::DispatchFailure(_) => {
            match causes(error).find_map(|cause| cause.downcast_ref::<CredentialsError>()) {
                Some(missing) => fail(FailureClass::Credentials, without_credentials(missing)),
                None => fail(FailureClass::Ambiguous, root(error)),
            }
        }
        SdkError::ConstructionFailure(_) => fail(FailureClass::Invalid, root(error)),
        _ => fail(FailureClass::Other, root(error)),
    }
}

/// Returns why there are no credentials, in place of the chain of all that was tried.
fn without_credentials(error: &CredentialsError) -> String {
    let profile = std::env::var("AWS_PROFILE").ok().filter(|profile| !profile.is_empty());
    let of = profile.map(|profile| format!(" (AWS_PROFILE is `{profile}`)")).unwrap_or_default();
    match error {
        CredentialsError::CredentialsNotLoaded(_) => format!(
            "there are no credentials{of}: none in AWS_ACCESS_KEY_ID, none of a web identity, none in a profile, none of this machine"
        ),
        other => format!("credentials can't be had{of}: {}", root(other)),
    }
}

/// An error and what caused it, the innermost last.
fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |cause| cause.source())
}

/// The innermost cause, which is the one that says something.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// Classifies an error code by its meaning for the caller.
///
/// Codes are those of the services' API references; where one code covers several
/// cases, the message tells them apart, as AWS documents no better way.
fn classify(code: &str, message: &str, status: u16) -> FailureClass {
    use FailureClass::*;
    let text = message.to_ascii_lowercase();
    match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "RequestThrottled"
        | "SlowDown"
        | "PriorRequestNotComplete"
        | "ConcurrentMutationLimitExceeded"
        | "BandwidthLimitExceeded" => Throttled,

        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "AuthFailure"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "MissingAuthenticationToken"
        | "RequestExpired" => Credentials,

        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "Forbidden" => Denied,

        // EKS refuses a role it does not see yet, with the words of a wrong one.
        "InvalidParameterException" | "InvalidParameter" | "InvalidRequestException"
            if [
                "could not be assumed",
                "does not exist",
                "role params",
                "not authorized to perform: sts:assumerole",
                "invalid principal",
            ]
            .iter()
            .any(|words| text.contains(words)) =>
        {
            Lagging
        }
        "MalformedPolicyDocument" | "MalformedPolicy" if text.contains("invalid principal") => Lagging,

        // One code of EKS's for a name that is taken, for something that others stand on, and
        // for work that waits for other work; only its words tell them apart.
        "ResourceInUseException" if text.contains("already exists") || text.contains("already in use") => {
            Exists
        }
        "ResourceInUseException" if text.contains("attached") => InUse,
        "ResourceInUseException" => Busy,
        "InvalidRequestException" | "InvalidParameterException"
            if ["not in active", "is not active", "currently not in", "in progress", "in status"]
                .iter()
                .any(|words| text.contains(words)) =>
        {
            Busy
        }

        "IdempotentParameterMismatch" | "InvalidParentException" => Exists,
        "EntityAlreadyExists"
        | "RepositoryAlreadyExistsException"
        | "BucketAlreadyExists"
        | "BucketAlreadyOwnedByYou"
        | "DistributionAlreadyExists"
        | "OriginAccessControlAlreadyExists"
        | "InvalidGroup.Duplicate"
        | "AlreadyExistsException"
        | "ResourceAlreadyExistsException"
        | "FunctionAlreadyExists"
        | "ResponseHeadersPolicyAlreadyExists"
        | "LimitPolicyAlreadyExists"
        | "RouteAlreadyExists"
        | "InvalidPermission.Duplicate"
        | "Resource.AlreadyAssociated" => Exists,

        "DependencyViolation"
        | "DeleteConflict"
        | "InvalidSubnet.Conflict"
        | "RepositoryNotEmptyException"
        | "BucketNotEmpty"
        | "OriginAccessControlInUse"
        | "ResourceInUse"
        | "InvalidIPAddress.InUse"
        | "InvalidGroup.InUse"
        | "ResponseHeadersPolicyInUse"
        | "FunctionInUse"
        | "AddressInUse" => InUse,

        "ConcurrentModification"
        | "EntityTemporarilyUnmodifiable"
        | "ConcurrentModificationException"
        | "OperationAborted"
        | "PreconditionFailed"
        | "ConditionalRequestConflict"
        | "DistributionNotDisabled"
        | "UnmodifiableEntity"
        | "IncorrectState"
        | "ResourceNotReady"
        | "ResourceNotReadyException"
        | "InvalidIfMatchVersion" => Busy,

        "NoSuchEntity"
        | "NoSuchBucket"
        | "NoSuchDistribution"
        | "NoSuchOriginAccessControl"
        | "NoSuchResource"
        | "RepositoryNotFoundException"
        | "ResourceNotFoundException"
        | "NoSuchTagSet"
        | "NoSuchLifecycleConfiguration"
        | "NoSuchBucketPolicy"
        | "ServerSideEncryptionConfigurationNotFoundError"
        | "NoSuchPublicAccessBlockConfiguration"
        | "OwnershipControlsNotFoundError"
        | "LifecyclePolicyNotFoundException"
        | "NatGatewayNotFound"
        | "Gateway.NotAttached"
        | "NoSuchResponseHeadersPolicy"
        | "NotFoundException"
        | "NotFound" => NotFound,
        code if code.starts_with("Invalid") && code.ends_with(".NotFound") => NotFound,
        code if code.ends_with(".NotFound") || code.starts_with("NoSuch") => NotFound,

        "LimitExceeded"
        | "LimitExceededException"
        | "ResourceLimitExceededException"
        | "TooManyBuckets"
        | "InsufficientAddressCapacity" => Quota,
        code if code.ends_with("LimitExceeded") || code.starts_with("TooMany") => Quota,

        _ if status == 429 || status == 503 => Throttled,
        _ if status >= 500 => Ambiguous,
        _ if status == 404 => NotFound,
        _ if (400..500).contains(&status) => Invalid,
        _ => Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_role_is_waited_for_and_a_wrong_request_is_not() {
        let lag = "The role with name x could not be assumed because it does not exist";
        assert_eq!(classify("InvalidParameterException", lag, 400), FailureClass::Lagging);
        assert_eq!(classify("InvalidParameterException", "min is above max", 400), FailureClass::Invalid);
    }

    #[test]
    fn what_was_just_made_may_not_be_visible_yet() {
        let missing: Result<(), Failure> = Err(refusal("ec2:CreateRoute", "InvalidGatewayID.NotFound", "no"));
        assert_eq!(missing.clone().unwrap_err().class, FailureClass::NotFound);
        assert_eq!(missing.lagging().unwrap_err().class, FailureClass::Lagging);
    }

    #[test]
    fn eks_says_in_words_what_is_in_the_way() {
        let code = "ResourceInUseException";
        for (message, class) in [
            ("Cluster already exists with name: billpay-cluster-dev", FailureClass::Exists),
            ("NodeGroup already exists with name a and cluster name b", FailureClass::Exists),
            ("The specified access entry resource is already in use on this cluster.", FailureClass::Exists),
            ("Cluster has nodegroups attached", FailureClass::InUse),
            ("Cluster already has an update in progress", FailureClass::Busy),
            ("Cannot LoggingUpdate because cluster c currently has update u in progress", FailureClass::Busy),
            (
                "Cannot create Fargate Profile b because cluster c currently has Fargate profile a in status CREATING",
                FailureClass::Busy,
            ),
        ] {
            assert_eq!(classify(code, message, 409), class, "{message}");
        }
        let waiting = "Nodegroup cannot be created as cluster c is not in ACTIVE state";
        assert_eq!(classify("InvalidRequestException", waiting, 400), FailureClass::Busy);
    }

    #[test]
    fn codes_of_whole_families_are_known() {
        for (code, status, class) in [
            ("InvalidSubnetID.NotFound", 400, FailureClass::NotFound),
            ("VpcLimitExceeded", 400, FailureClass::Quota),
            ("Gateway.NotAttached", 400, FailureClass::NotFound),
            ("", 503, FailureClass::Throttled),
            ("InternalError", 500, FailureClass::Ambiguous),
            ("SomethingNew", 400, FailureClass::Invalid),
        ] {
            assert_eq!(classify(code, "", status), class, "{code}");
        }
    }
}
