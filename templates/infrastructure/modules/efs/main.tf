# A shared file system for pods: encrypted, mounted over TLS only, from the nodes and services
# only. Who may do what is in policies.tf.

resource "aws_kms_key" "efs" {
  description             = "Encrypts the file system of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = jsonencode(local.key_policy)

  tags = { Name = "${var.name}-efs" }
}

resource "aws_kms_alias" "efs" {
  name          = "alias/${var.name}-efs"
  target_key_id = aws_kms_key.efs.key_id
}

resource "aws_efs_file_system" "this" {
  #checkov:skip=CKV2_AWS_18:the backup module selects it by its ARN or by the environment's tags, in a unit of its own
  creation_token   = "${var.name}-efs" # asking twice makes one
  encrypted        = true
  kms_key_id       = aws_kms_key.efs.arn
  performance_mode = "generalPurpose"
  throughput_mode  = "elastic" # pays for what is read and written; nothing to guess

  # What nobody has read for a month costs a tenth, and comes back when it is read.
  lifecycle_policy {
    transition_to_ia = "AFTER_30_DAYS"
  }

  lifecycle_policy {
    transition_to_primary_storage_class = "AFTER_1_ACCESS"
  }

  tags = { Name = "${var.name}-efs" }
}

resource "aws_efs_file_system_policy" "this" {
  file_system_id = aws_efs_file_system.this.id
  policy         = jsonencode(local.file_system_policy)
}

resource "aws_efs_backup_policy" "this" {
  file_system_id = aws_efs_file_system.this.id

  backup_policy {
    status = var.automatic_backups ? "ENABLED" : "DISABLED"
  }
}

resource "aws_efs_mount_target" "this" {
  for_each = var.subnet_ids

  file_system_id  = aws_efs_file_system.this.id
  subnet_id       = each.value
  security_groups = [aws_security_group.efs.id]
}

# No egress: a file system answers and never asks.
resource "aws_security_group" "efs" {
  name        = "${var.name}-efs"
  description = "File system of ${var.name}"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-efs" }
}

resource "aws_vpc_security_group_ingress_rule" "nfs" {
  security_group_id            = aws_security_group.efs.id
  referenced_security_group_id = var.security_group_id
  description                  = "NFS from the nodes and services"
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049

  tags = { Name = "${var.name}-efs" }
}

# The driver that lets pods claim volumes of the file system.
resource "aws_eks_addon" "driver" {
  cluster_name  = var.cluster_name
  addon_name    = "aws-efs-csi-driver"
  addon_version = var.driver_version

  # What EKS sets wins over what somebody changed by hand.
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  pod_identity_association {
    role_arn        = aws_iam_role.driver.arn
    service_account = "efs-csi-controller-sa"
  }

  tags = { Name = "aws-efs-csi-driver" }

  depends_on = [aws_iam_role_policy_attachment.driver]
}

resource "aws_iam_role" "driver" {
  name                 = "${var.name}-eks-efs-csi"
  description          = "Lets the EFS CSI driver make access points"
  permissions_boundary = var.boundary_arn
  assume_role_policy   = jsonencode(local.driver_trust)

  tags = { Name = "${var.name}-eks-efs-csi" }
}

resource "aws_iam_role_policy_attachment" "driver" {
  role       = aws_iam_role.driver.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonEFSCSIDriverPolicy"
}
