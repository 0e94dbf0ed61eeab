{{- define "integration-service.labels" -}}
app.kubernetes.io/name: integration-service
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
{{- define "integration-service.selector" -}}
app.kubernetes.io/name: integration-service
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
