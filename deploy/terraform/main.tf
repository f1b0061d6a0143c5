locals {
  chart = coalesce(var.chart, "${path.module}/../helm/tillbook")

  # Of a folder, whatever is in it; a packed chart is told apart by its version.
  chart_digest = sha256(join("", [for name in sort(fileset(local.chart, "**")) : filesha256("${local.chart}/${name}")]))

  namespace = var.create_namespace ? kubernetes_namespace_v1.this[0].metadata[0].name : var.namespace
}

resource "kubernetes_namespace_v1" "this" {
  count = var.create_namespace ? 1 : 0

  metadata {
    name = var.namespace
    labels = {
      # The pods of the chart need nothing that this refuses.
      "pod-security.kubernetes.io/enforce" = "restricted"
    }
  }
}

resource "kubernetes_secret_v1" "url" {
  for_each = local.written

  metadata {
    name      = each.value.name
    namespace = local.namespace
  }

  data_wo          = { (each.value.key) = var.urls[each.key] }
  data_wo_revision = var.urls_revision
}

resource "helm_release" "this" {
  name      = var.release
  namespace = local.namespace
  chart     = local.chart
  values    = concat([yamlencode(local.values)], var.values)
  # Else a chart that changed, with the same version, would not be looked at again.
  description = "chart ${local.chart_digest}"

  wait        = true
  timeout     = var.timeout_seconds
  max_history = 10
  # No way back by itself: migrations are not undone, and what runs already serves on (docs/deployment.md).
  atomic = false

  depends_on = [kubernetes_secret_v1.url]
}
