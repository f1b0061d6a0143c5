output "namespace" {
  description = "The namespace that Tillbook runs in."
  value       = local.namespace
}

output "release" {
  description = "The name of the Helm release."
  value       = helm_release.this.name
}

output "rest_url" {
  description = "REST, from inside the cluster; takes it that `values` change neither api.service.httpPort (8080) nor fullnameOverride."
  value       = "http://${var.release}-api.${local.namespace}.svc:8080"
}

output "grpc_address" {
  description = "gRPC, from inside the cluster, without TLS; takes it that `values` change neither api.service.rpcPort (9111) nor fullnameOverride."
  value       = "${var.release}-api.${local.namespace}.svc:9111"
}
