{{- define "tillbook.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Of the programs: which image it is. */}}
{{- define "tillbook.version" -}}
{{- .Values.image.tag | default .Chart.AppVersion -}}
{{- end -}}

{{/* What a program's pods are found by; takes (list $ "api"). */}}
{{- define "tillbook.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "tillbook.labels" -}}
{{- $root := index . 0 -}}
{{ include "tillbook.selector" . }}
{{- /* A tag may be longer than a label, and end as none may. */}}
app.kubernetes.io/version: {{ include "tillbook.version" $root | trunc 63 | trimAll "_.-" | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* metadata of an object that belongs to a program. */}}
{{- define "tillbook.metadata" -}}
{{- $root := index . 0 -}}
name: {{ include "tillbook.fullname" $root }}-{{ index . 1 }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "tillbook.labels" . | nindent 2 }}
{{- end -}}

{{- define "tillbook.serviceAccount" -}}
{{- $own := ternary (include "tillbook.fullname" .) "default" .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default $own -}}
{{- end -}}

{{/* The services of others by name, as the programs are configured; none that has no URL. */}}
{{- define "tillbook.upstreams" -}}
{{- $simulator := printf "http://%s-simulator:8090" (include "tillbook.fullname" .) -}}
{{- $upstreams := dict -}}
{{- range $name, $url := .Values.upstreams -}}
{{- with $url | default (ternary $simulator "" $.Values.simulator.enabled) -}}
{{- $_ := set $upstreams $name (dict "url" .) -}}
{{- end -}}
{{- end -}}
{{- toJson $upstreams -}}
{{- end -}}

{{/*
What each program reads: its values, and what the chart says itself. The URLs of databases and brokers
come from secrets, by the environment.
*/}}
{{- define "tillbook.config.api" -}}
{{- $upstreams := include "tillbook.upstreams" . | fromJson -}}
{{- $http := dict "host" "0.0.0.0" "port" 8080 -}}
{{- $rpc := dict "host" "0.0.0.0" "port" 9111 -}}
{{- $own := dict "environment" "production" "http" $http "rpc" $rpc "upstreams" (omit $upstreams "reservation") -}}
{{- mustMergeOverwrite (deepCopy .Values.api.config) $own | mustToPrettyJson -}}
{{- end -}}

{{- define "tillbook.config.worker" -}}
{{- $upstreams := include "tillbook.upstreams" . | fromJson -}}
{{- $http := dict "host" "0.0.0.0" "port" 8081 -}}
{{- $own := dict "environment" "production" "http" $http "upstreams" $upstreams -}}
{{- mustMergeOverwrite (deepCopy .Values.worker.config) $own | mustToPrettyJson -}}
{{- end -}}

{{- define "tillbook.config.migrate" -}}
{{- mustMergeOverwrite (deepCopy .Values.migration.config) (dict "environment" "production") | mustToPrettyJson -}}
{{- end -}}

{{/* It refuses to run as production. */}}
{{- define "tillbook.config.simulator" -}}
{{- $own := dict "environment" "test" "http" (dict "host" "0.0.0.0" "port" 8090) -}}
{{- mustMergeOverwrite (deepCopy .Values.simulator.config) $own | mustToPrettyJson -}}
{{- end -}}

{{/* The ConfigMap of a program, as the data that its pods see. */}}
{{- define "tillbook.configData" -}}
{{ index . 1 }}.json: |
  {{- include (printf "tillbook.config.%s" (index . 1)) (index . 0) | nindent 2 }}
{{- end -}}

{{/* Annotations of a pod: another configuration is another pod. */}}
{{- define "tillbook.checksum" -}}
checksum/config: {{ include (printf "tillbook.config.%s" (index . 1)) (index . 0) | sha256sum }}
{{- end -}}

{{/* One variable out of a secret; takes (list "DATABASE_URL" .Values.secrets.database). */}}
{{- define "tillbook.secretEnv" -}}
{{- $secret := index . 1 -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef: { name: {{ $secret.name | quote }}, key: {{ $secret.key | quote }} }
{{- end -}}

{{- define "tillbook.caEnv" -}}
{{- if .Values.caBundle.configMap -}}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/tillbook-ca/{{ .Values.caBundle.key }}
{{- end -}}
{{- end -}}

{{- define "tillbook.telemetryEnv" -}}
{{- with .Values.telemetry.otlpUrl -}}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end -}}
{{- end -}}

{{/* The start of a container: image, command, rights, files. */}}
{{- define "tillbook.container" -}}
{{- $root := index . 0 -}}
{{- $program := index . 1 -}}
{{- $image := $root.Values.image -}}
name: {{ $program }}
image: {{ if $image.digest }}{{ printf "%s@%s" $image.repository $image.digest | quote }}{{ else }}{{ printf "%s:%s" $image.repository (include "tillbook.version" $root) | quote }}{{ end }}
imagePullPolicy: {{ $image.pullPolicy }}
command: [/tillbook/bin/tillbook-{{ $program }}, /etc/tillbook/{{ $program }}.json]
securityContext:
  {{- toYaml $root.Values.securityContext | nindent 2 }}
volumeMounts:
  - { name: config, mountPath: /etc/tillbook, readOnly: true }
  {{- if eq $program "migrate" }}
  - { name: scratch, mountPath: /tmp }
  {{- end }}
  {{- if $root.Values.caBundle.configMap }}
  - { name: ca, mountPath: /etc/tillbook-ca, readOnly: true }
  {{- end }}
{{- end -}}

{{/* What every pod has; nothing in one calls Kubernetes, and no Service of the namespace names a variable of it. */}}
{{- define "tillbook.pod" -}}
{{- $root := index . 0 -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml $root.Values.podSecurityContext | nindent 2 }}
volumes:
  - name: config
    configMap:
      name: {{ include "tillbook.fullname" $root }}-{{ index . 1 }}
  {{- if eq (index . 1) "migrate" }}
  # It puts the migrations together there. The other programs write nothing.
  - name: scratch
    emptyDir: { sizeLimit: 16Mi }
  {{- end }}
  {{- if $root.Values.caBundle.configMap }}
  - name: ca
    configMap:
      name: {{ $root.Values.caBundle.configMap }}
  {{- end }}
{{- end -}}

{{- define "tillbook.spread" -}}
{{- if (index . 0).Values.spread -}}
topologySpreadConstraints:
  {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "tillbook.selector" $ | nindent 8 }}
  {{- end }}
{{- end -}}
{{- end -}}

{{/* /healthz says that the process lives, /readyz that it can do its work, for which it asks the database. */}}
{{- define "tillbook.probes" -}}
startupProbe:
  httpGet: { path: /healthz, port: http }
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /healthz, port: http }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: http }
  periodSeconds: 5
  # Longer than it waits for a connection and a statement.
  timeoutSeconds: 4
  failureThreshold: 2
{{- end -}}

{{/*
Seconds until a pod is killed: what it sleeps, what http.shutdown_timeout_ms allows, and four to spare.
Takes the configuration of the program, and what it sleeps.
*/}}
{{- define "tillbook.grace" -}}
{{- $http := (index . 0).http | default dict -}}
{{- add (index . 1) (divf ($http.shutdown_timeout_ms | default 8000) 1000 | ceil | int) 4 -}}
{{- end -}}

{{/* Whatever cannot be right, in a sentence. */}}
{{- define "tillbook.check" -}}
{{- $secrets := .Values.secrets -}}
{{- if eq (toJson $secrets.database) (toJson $secrets.owner) -}}
{{- fail "secrets.database and secrets.owner are the same: the API must not log in as who owns the tables" -}}
{{- end -}}
{{- if and (or .Values.ingress.rest.enabled .Values.ingress.grpc.enabled) (not (int (dig "auth" "trusted_proxies" 0 .Values.api.config))) -}}
{{- fail "api.config.auth.trusted_proxies is 0 with an Ingress: all callers would have its address, and share one limit on failed sign-ins; it is 1 when nothing else stands in front" -}}
{{- end -}}
{{- if and .Values.metrics.podMonitor.enabled (not .Values.metrics.podMonitor.apiSecret) -}}
{{- fail "metrics.podMonitor.apiSecret is missing: the API shows its metrics to operators only; name a secret with the username and password of one" -}}
{{- end -}}
{{- if and .Values.api.autoscaling.enabled (gt (int .Values.api.autoscaling.minReplicas) (int .Values.api.autoscaling.maxReplicas)) -}}
{{- fail "api.autoscaling.minReplicas is above maxReplicas" -}}
{{- end -}}
{{- end -}}
