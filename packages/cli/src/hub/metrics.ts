/** One number of Prometheus' text format; `labels` tell those of one name apart. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly kind: "counter" | "gauge"
  readonly samples: readonly {
    readonly labels?: Readonly<Record<string, string>>
    readonly value: number
  }[]
}

export const metricsType = "text/plain; version=0.0.4; charset=utf-8"

/** Prometheus' text exposition format, version 0.0.4. */
export function metricsText(metrics: readonly Metric[]): string {
  return metrics
    .map(({ help, kind, name, samples }) =>
      [
        `# HELP ${name} ${escaped(help).replaceAll('\\"', '"')}`,
        `# TYPE ${name} ${kind}`,
        ...samples.map(
          ({ labels = {}, value }) => `${name}${labelsText(labels)} ${valueText(value)}`,
        ),
      ].join("\n"),
    )
    .map((text) => `${text}\n`)
    .join("")
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"')
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return "NaN"
  if (Number.isFinite(value)) return String(value)
  return value > 0 ? "+Inf" : "-Inf"
}
