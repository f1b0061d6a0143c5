variable "namespace" {
  description = "The namespace of Kubernetes that Tillbook is put into."
  type        = string
  default     = "tillbook"

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "The namespace must be 1 to 63 lower-case letters, digits or -, and begin and end with a letter or digit."
  }
}

variable "create_namespace" {
  description = "Whether the namespace is made here; false when it is there already."
  type        = bool
  default     = true
}

variable "release" {
  description = "The name of the Helm release, which the names of all objects begin with."
  type        = string
  default     = "tillbook"

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$", var.release))
    error_message = "The release must be 1 to 30 lower-case letters, digits or -, begin with a letter and end with a letter or digit."
  }
}

variable "image" {
  description = "Where the image that the Dockerfile builds was pushed to. A digest goes before the tag; without either it is the version of the chart."
  type = object({
    repository = string
    tag        = optional(string, "")
    digest     = optional(string, "")
  })

  validation {
    condition     = can(regex("^(sha256:[0-9a-f]{64})?$", var.image.digest))
    error_message = "image.digest must be as in sha256:…, with 64 hexadecimal digits."
  }
}

variable "secrets" {
  description = <<-EOT
    The secrets of Kubernetes that hold URLs, and the key in each. With `write` this module makes the secret, from
    `urls`; otherwise it has to be there. `database` is the login of the API and the worker, `owner` that of the
    migrations. Without `broker` events wait in the database, without `redis` each pod counts requests for itself.
  EOT
  type = object({
    database = optional(object({ name = optional(string, "tillbook-database"), key = optional(string, "url"), write = optional(bool, false) }), {})
    owner    = optional(object({ name = optional(string, "tillbook-owner"), key = optional(string, "url"), write = optional(bool, false) }), {})
    broker   = optional(object({ name = optional(string, "tillbook-broker"), key = optional(string, "url"), write = optional(bool, false) }))
    redis    = optional(object({ name = optional(string, "tillbook-redis"), key = optional(string, "url"), write = optional(bool, false) }))
  })
  default = {}

  validation {
    condition     = var.secrets.database.name != var.secrets.owner.name || (!var.secrets.database.write && !var.secrets.owner.write && var.secrets.database.key != var.secrets.owner.key)
    error_message = "secrets.database and secrets.owner must differ: the API must not log in as who owns the tables."
  }
}

variable "urls" {
  description = <<-EOT
    What is put into the secrets with `write`: postgres://, amqp:// and redis:// URLs with their passwords. They are
    sent to Kubernetes and kept nowhere else, neither in the state nor in a plan.
  EOT
  type = object({
    database = optional(string)
    owner    = optional(string)
    broker   = optional(string)
    redis    = optional(string)
  })
  default   = {}
  sensitive = true
  ephemeral = true

  validation {
    condition = alltrue([
      for kind, secret in var.secrets : try(!secret.write, true) || can(regex(local.url_forms[kind], var.urls[kind]))
    ])
    error_message = "urls must have a URL for each of the secrets with `write`: database and owner as in postgres://user:password@host:5432/tillbook, broker as in amqp://…, redis as in redis://…."
  }
}

variable "urls_revision" {
  description = "To be raised whenever `urls` change: what is not kept cannot be compared. The pods are replaced then."
  type        = number
  default     = 1

  validation {
    condition     = var.urls_revision >= 1 && floor(var.urls_revision) == var.urls_revision
    error_message = "urls_revision must be a whole number from 1 on."
  }
}

variable "upstreams" {
  description = "The services of others, as in http://users.shop.svc:8080. What needs one that is left out waits."
  type = object({
    user        = optional(string, "")
    product     = optional(string, "")
    reservation = optional(string, "")
  })
  default = {}

  validation {
    condition     = alltrue([for url in values(var.upstreams) : can(regex("^(https?://[^@?#[:space:]]+)?$", url))])
    error_message = "Each of the upstreams must be a URL as in http://host:8090, without a user, a query or a fragment."
  }
}

variable "api_replicas" {
  description = "How many pods serve."
  type        = number
  default     = 2

  validation {
    condition     = var.api_replicas >= 0 && floor(var.api_replicas) == var.api_replicas
    error_message = "api_replicas must be a whole number."
  }
}

variable "worker_replicas" {
  description = "How many pods do what goes on behind the requests."
  type        = number
  default     = 2

  validation {
    condition     = var.worker_replicas >= 0 && floor(var.worker_replicas) == var.worker_replicas
    error_message = "worker_replicas must be a whole number."
  }
}

variable "values" {
  description = "Further values of the chart, as YAML documents; they go before everything else. Put no passwords here: these are kept in the state."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for one in var.values : can(keys(yamldecode(one)))])
    error_message = "Each of the values must be a YAML document that is a mapping."
  }
}

variable "chart" {
  description = "The folder, or the packed file, of the chart; that of this repository unless it is named."
  type        = string
  default     = null
}

variable "timeout_seconds" {
  description = "How long an installation or an upgrade may take, its migrations among it."
  type        = number
  default     = 2100

  validation {
    condition     = var.timeout_seconds >= 60
    error_message = "timeout_seconds must be at least 60."
  }
}
