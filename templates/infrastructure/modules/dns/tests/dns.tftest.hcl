mock_provider "aws" {
  mock_resource "aws_acm_certificate" {
    defaults = {
      arn = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
      domain_validation_options = [{
        domain_name           = "dev.billpay.com"
        resource_record_name  = "_proof.dev.billpay.com."
        resource_record_type  = "CNAME"
        resource_record_value = "_value.acm-validations.aws."
      }]
    }
  }
  mock_data "aws_route53_zone" {
    defaults = { zone_id = "Z0SHARED" }
  }
  mock_resource "aws_route53_zone" {
    defaults = { zone_id = "Z0MADE" }
  }
}

variables {
  name            = "billpay-dev"
  environment     = "dev"
  zone            = "billpay.com"
  services_domain = "dev.billpay.com"
  aliases = {
    payment = { domain = "payments.dev.billpay.com", target_domain_name = "d111111abcdef8.cloudfront.net", target_zone_id = "Z2FDTNDATAQYW2" }
  }
}

run "the_shared_zone_is_looked_up" {
  command = apply

  assert {
    condition     = output.zone_id == "Z0SHARED" && length(aws_route53_zone.this) == 0
    error_message = "A second zone of the same name would never be asked."
  }
}

run "a_zone_is_made_on_request" {
  command = apply
  variables { create_zone = true }

  assert {
    condition     = output.zone_id == "Z0MADE" && length(data.aws_route53_zone.shared) == 0
    error_message = "The zone isn't made."
  }
}

run "the_certificate_is_for_all_services" {
  command = apply

  assert {
    condition = (
      aws_acm_certificate.services.domain_name == "dev.billpay.com"
      && aws_acm_certificate.services.validation_method == "DNS"
      && contains(aws_acm_certificate.services.subject_alternative_names, "*.dev.billpay.com")
      && aws_route53_record.validation.name == "_proof.dev.billpay.com."
    )
    error_message = "The certificate isn't for the services' domain, or isn't proven by DNS."
  }
}

run "an_alias_has_both_addresses" {
  command = plan

  assert {
    condition     = toset([for record in aws_route53_record.alias : record.type]) == toset(["A", "AAAA"])
    error_message = "An alias without IPv4 or IPv6."
  }
}

run "refuses_other_zones" {
  command = plan
  variables {
    services_domain = "dev.billpay.org"
    aliases         = { x = { domain = "x.mybillpay.com", target_domain_name = "x", target_zone_id = "Z1" } }
  }
  expect_failures = [var.services_domain, var.aliases]
}

run "refuses_a_dot_at_the_end" {
  command = plan
  variables {
    zone    = "billpay.com."
    aliases = {}
  }
  expect_failures = [var.zone]
}

run "refuses_a_wildcard" {
  command = plan
  variables { services_domain = "*.billpay.com" }
  expect_failures = [var.services_domain]
}

run "refuses_two_aliases_for_one_domain" {
  command = plan
  variables {
    aliases = {
      a = { domain = "a.billpay.com", target_domain_name = "x", target_zone_id = "Z1" }
      b = { domain = "a.billpay.com", target_domain_name = "y", target_zone_id = "Z1" }
    }
  }
  expect_failures = [var.aliases]
}
