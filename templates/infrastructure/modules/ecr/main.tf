resource "aws_ecr_repository" "repository" {
  for_each = var.repositories

  #checkov:skip=CKV_AWS_136:Encrypted with AES-256 by ECR. Images hold no secrets, a key of our own would cost for every pull, and billpay's own engine, which must agree, does the same.
  name                 = each.value
  image_tag_mutability = var.immutable_tags ? "IMMUTABLE" : "MUTABLE"
  force_delete         = var.force_delete

  image_scanning_configuration {
    scan_on_push = var.scan_on_push
  }

  encryption_configuration {
    encryption_type = "AES256"
  }

  tags = {
    Name              = each.value
    "billpay:address" = "ecr/repository.${each.key}"
  }
}

# Images without a tag are left-overs of pushes and go by age; of the others the newest stay.
resource "aws_ecr_lifecycle_policy" "policy" {
  for_each = aws_ecr_repository.repository

  repository = each.value.name
  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "Expire untagged images after ${var.expire_untagged_days} days"
        selection = {
          tagStatus   = "untagged"
          countType   = "sinceImagePushed"
          countUnit   = "days"
          countNumber = var.expire_untagged_days
        }
        action = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "Keep the newest ${var.keep_images} tagged images"
        selection = {
          tagStatus      = "tagged"
          tagPatternList = ["*"]
          countType      = "imageCountMoreThan"
          countNumber    = var.keep_images
        }
        action = { type = "expire" }
      },
    ]
  })
}
