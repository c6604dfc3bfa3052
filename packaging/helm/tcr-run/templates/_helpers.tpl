{{- define "tcr.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "tcr.labels" -}}
app.kubernetes.io/name: tcr-run
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "tcr.selector" -}}
app.kubernetes.io/name: tcr-run
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "tcr.keysSecret" -}}
{{- .Values.keys.existingSecret | default (printf "%s-keys" (include "tcr.name" .)) -}}
{{- end -}}

{{- define "tcr.redisSecret" -}}
{{- .Values.redis.existingSecret | default (printf "%s-redis" (include "tcr.name" .)) -}}
{{- end -}}

{{- define "tcr.hasPassword" -}}
{{- if or .Values.redis.existingSecret .Values.redis.password -}}yes{{- end -}}
{{- end -}}

{{- define "tcr.contained" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "tcr.container" -}}
image: {{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- include "tcr.contained" . | nindent 2 }}
env:
  - {name: TCR_KEYS_FILE, value: /etc/tcr/keys.json}
  {{- if .Values.redis.enabled }}
  - {name: TCR_STATE, value: "redis://{{ include "tcr.name" . }}-redis:6379"}
  {{- else if .Values.redis.url }}
  - {name: TCR_STATE, value: {{ .Values.redis.url | quote }}}
  {{- end }}
  {{- if include "tcr.hasPassword" . }}
  - {name: TCR_REDIS_PASSWORD_FILE, value: /etc/tcr-redis/redis-password}
  {{- end }}
  {{- with .Values.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumeMounts:
  - {name: keys, mountPath: /etc/tcr, readOnly: true}
  {{- if include "tcr.hasPassword" . }}
  - {name: redis-password, mountPath: /etc/tcr-redis, readOnly: true}
  {{- end }}
  - {name: state, mountPath: /var/lib/tcr}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
{{- end -}}
