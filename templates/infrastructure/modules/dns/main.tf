# Public names: the zone, the certificate of the services' load balancer, and names that lead
# to AWS's own.

locals {
  zone_id      = var.create_zone ? aws_route53_zone.this[0].zone_id : data.aws_route53_zone.shared[0].zone_id
  name_servers = var.create_zone ? aws_route53_zone.this[0].name_servers : data.aws_route53_zone.shared[0].name_servers

  # IPv4 and IPv6 of each alias.
  alias_records = merge([
    for key, alias in var.aliases : { for type in ["A", "AAAA"] : "${key}/${type}" => merge(alias, { type = type }) }
  ]...)
}

data "aws_route53_zone" "shared" {
  count = var.create_zone ? 0 : 1

  name         = var.zone
  private_zone = false
}

resource "aws_route53_zone" "this" {
  count = var.create_zone ? 1 : 0

  #checkov:skip=CKV2_AWS_38:DNSSEC needs a record at the domain's registrar, which only its owner can set; half of it makes the domain unreachable
  #checkov:skip=CKV2_AWS_39:the questions that people ask a public zone are not the platform's to keep
  name    = var.zone
  comment = "Public names of the platform; made with ${var.environment}"

  tags = { Name = var.zone }
}

# In the region of the load balancer; those of CloudFront are in us-east-1 and given by the spec.
resource "aws_acm_certificate" "services" {
  domain_name               = var.services_domain
  subject_alternative_names = ["*.${var.services_domain}"]
  validation_method         = "DNS"

  tags = { Name = "${var.name}-services" }

  lifecycle {
    create_before_destroy = true # the load balancer uses the old one until the new one is valid
  }
}

# One record proves both names. It is the same for each certificate that this account asks for.
resource "aws_route53_record" "validation" {
  zone_id         = local.zone_id
  name            = tolist(aws_acm_certificate.services.domain_validation_options)[0].resource_record_name
  type            = tolist(aws_acm_certificate.services.domain_validation_options)[0].resource_record_type
  records         = [tolist(aws_acm_certificate.services.domain_validation_options)[0].resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "services" {
  certificate_arn         = aws_acm_certificate.services.arn
  validation_record_fqdns = [aws_route53_record.validation.fqdn]
}

resource "aws_route53_record" "alias" {
  for_each = local.alias_records

  zone_id = local.zone_id
  name    = each.value.domain
  type    = each.value.type

  alias {
    name                   = each.value.target_domain_name
    zone_id                = each.value.target_zone_id
    evaluate_target_health = false # CloudFront has no health to ask for, and there is no other target
  }
}
