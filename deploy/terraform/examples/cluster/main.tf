# Tillbook on a cluster that is there, whose databases are there. The passwords come from the environment:
#   export TF_VAR_urls='{"database": "postgres://…", "owner": "postgres://…", "broker": "amqps://…"}'
#   terraform init && terraform apply -var image_repository=registry.example.com/tillbook -var image_tag=0.1.0

terraform {
  required_version = ">= 1.11"

  required_providers {
    helm = {
      source  = "hashicorp/helm"
      version = "~> 3.1.1"
    }
    kubernetes = {
      source  = "hashicorp/kubernetes"
      version = "~> 2.38.0"
    }
  }
}

variable "kubeconfig" {
  description = "The file that says how the cluster is reached."
  type        = string
  default     = "~/.kube/config"
}

variable "image_repository" {
  description = "Where the image was pushed to."
  type        = string
}

variable "image_tag" {
  description = "Which one of it."
  type        = string
}

variable "urls" {
  description = "The URLs of the databases and the broker, with their passwords."
  type = object({
    database = string
    owner    = string
    broker   = string
  })
  sensitive = true
  ephemeral = true
}

provider "kubernetes" {
  config_path = var.kubeconfig
}

provider "helm" {
  kubernetes = {
    config_path = var.kubeconfig
  }
}

module "tillbook" {
  source = "../.."

  image = {
    repository = var.image_repository
    tag        = var.image_tag
  }

  secrets = {
    database = { write = true }
    owner    = { write = true }
    broker   = { write = true }
  }
  urls = var.urls

  values = [file("${path.module}/values.yaml")]
}

output "rest_url" {
  description = "REST, from inside the cluster."
  value       = module.tillbook.rest_url
}
