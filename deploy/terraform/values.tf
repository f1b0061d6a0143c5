locals {
  # What stands in `urls`, kind by kind.
  url_forms = {
    database = "^postgres(ql)?://[^[:space:]]+$"
    owner    = "^postgres(ql)?://[^[:space:]]+$"
    broker   = "^amqps?://[^[:space:]]+$"
    redis    = "^rediss?://[^[:space:]]+$"
  }

  secrets = { for kind, secret in var.secrets : kind => secret if secret != null }
  written = { for kind, secret in local.secrets : kind => secret if secret.write }

  # A pod reads a secret when it starts: other URLs are other pods.
  annotations = { "checksum/urls" = tostring(var.urls_revision) }

  # The values of the chart, by their names there.
  values = {
    # So that outputs.tf knows what objects are called.
    fullnameOverride = var.release
    image            = var.image
    secrets          = { for kind, secret in local.secrets : kind => { name = secret.name, key = secret.key } }
    upstreams        = var.upstreams
    api              = { replicas = var.api_replicas, podAnnotations = local.annotations }
    worker           = { replicas = var.worker_replicas, podAnnotations = local.annotations }
  }
}
