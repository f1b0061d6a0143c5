import type { StoreName } from '../server/server'
import type { BenchCase, BenchResult, Spread } from './result'

// A card of its own with a light ground, so that it can be read on a dark page, too.
const width = 880
const padding = 32
const barsX = 128
const barsWidth = 500
const barHeight = 14
const barStep = 20
const groupGap = 42
const headHeight = 112

const ink = '#1f2328'
const faintInk = '#59636e'
const line = '#d1d9e0'

type Shown = Exclude<StoreName, 'pg-mem'>

const looks: Record<Shown, { label: string; colour: string }> = {
  real: { label: 'real', colour: '#0969da' },
  memory: { label: 'mocked', colour: '#9aa4af' },
  plain: { label: 'plain', colour: '#d4792a' },
}

const legends: Record<Shown, string> = {
  real: 'real: PostgreSQL, on disk',
  memory: 'mocked: no database',
  plain: 'plain: one transaction a request',
}

type Bar = BenchCase & { store: Shown; requestsPerSecond: Spread }

/** Horizontal bars, grouped by route: the medians, with a whisker from min to max. */
export function chart(result: BenchResult): string {
  const groups = groupBars(result.cases)
  const max = Math.max(1, ...groups.flat().map((bar) => bar.requestsPerSecond.max))
  const step = tickStep(max)
  const scale = (value: number) => round((value / (Math.ceil(max / step) * step)) * barsWidth)
  let y = headHeight
  const drawn = groups.map((group) => {
    const top = y
    y += groupGap + group.length * barStep
    return drawGroup(group, top, scale)
  })
  const height = y + 58
  const { postgres, settings } = result
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="-apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif" role="img">
<title>Requests per second of each route</title>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10" fill="#ffffff" stroke="${line}"/>
${text('Requests per second', { x: padding, y: 44, size: 20, weight: 600 })}
${text(`${settings.connections} connections, medians of ${plural(settings.iterations, 'round')}; the whisker is min to max`, { x: padding, y: 66, fill: faintInk })}
${drawLegend(result.cases)}
${drawAxis(max, step, { scale, bottom: y - 16 })}
${drawn.join('\n')}
${text(`${result.machine.cpu}, ${result.machine.cores} cores shared by load, API and database · Node ${result.node} · PostgreSQL ${postgres.version.split(' ')[0]}, fsync ${postgres.fsync} · ${result.date.slice(0, 10)}`, { x: padding, y: height - 20, size: 11, fill: faintInk })}
</svg>
`
}

function groupBars(cases: readonly BenchCase[]): Bar[][] {
  const groups = new Map<string, Bar[]>()
  for (const one of cases) {
    if (one.store === 'pg-mem' || !one.requestsPerSecond) continue
    groups.set(one.route, [...(groups.get(one.route) ?? []), one as Bar])
  }
  return [...groups.values()]
}

function drawGroup(group: Bar[], top: number, scale: (value: number) => number): string {
  const title = text(group[0]!.title, { x: padding, y: top + 18, size: 13, weight: 600 })
  const real = group.find(({ store }) => store === 'real')
  const bars = group.map((bar, i) => drawBar(bar, top + 28 + i * barStep, { real, scale }))
  return [title, ...bars].join('\n')
}

interface BarContext {
  real: Bar | undefined
  scale(value: number): number
}

function drawBar(bar: Bar, y: number, { real, scale }: BarContext): string {
  const { median, min, max } = bar.requestsPerSecond
  const { label, colour } = looks[bar.store]
  const middle = y + barHeight / 2
  const baseline = middle + 4
  const rate = Math.round(median).toLocaleString('en')
  return [
    text(label, { x: barsX - 10, y: baseline, anchor: 'end', fill: faintInk }),
    `<rect x="${barsX}" y="${y}" width="${scale(median)}" height="${barHeight}" rx="2" fill="${colour}"/>`,
    `<path d="M${barsX + scale(min)} ${middle}H${barsX + scale(max)}" stroke="${ink}" stroke-opacity="0.55"/>`,
    text(`${rate} req/s`, { x: barsX + scale(max) + 8, y: baseline, weight: 600 }),
    text(compare(bar, real), { x: width - padding, y: baseline, anchor: 'end', fill: faintInk }),
  ].join('\n')
}

/** What the real store is to this one. */
function compare({ store, requestsPerSecond }: Bar, real: Bar | undefined): string {
  if (store === 'real' || !real) return ''
  const ratio = real.requestsPerSecond.median / requestsPerSecond.median
  return `real ÷ ${looks[store].label} ${ratio.toFixed(2)}`
}

function drawLegend(cases: readonly BenchCase[]): string {
  const stores = (Object.keys(looks) as Shown[]).filter((name) =>
    cases.some(({ store }) => store === name),
  )
  return stores
    .map((store, i) => {
      const x = padding + i * 214
      const mark = `<rect x="${x}" y="82" width="12" height="12" rx="2" fill="${looks[store].colour}"/>`
      return mark + text(legends[store], { x: x + 19, y: 92, fill: faintInk })
    })
    .join('\n')
}

interface Axis {
  scale(value: number): number
  bottom: number
}

function drawAxis(max: number, step: number, { scale, bottom }: Axis): string {
  const parts: string[] = []
  for (let value = 0; value <= Math.ceil(max / step) * step; value += step) {
    const x = barsX + scale(value)
    const label = value.toLocaleString('en')
    parts.push(
      `<path d="M${x} ${headHeight + 4}V${bottom}" stroke="${line}"/>`,
      text(label, { x, y: bottom + 16, size: 11, anchor: 'middle', fill: faintInk }),
    )
  }
  return parts.join('\n')
}

/** 1, 2 or 5 times a power of ten, about five of which make the axis. */
function tickStep(max: number): number {
  const power = 10 ** Math.floor(Math.log10(max / 5))
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= max / 5)!
}

interface TextLook {
  x: number
  y: number
  size?: number
  weight?: number
  fill?: string
  anchor?: 'start' | 'middle' | 'end'
}

function text(words: string, look: TextLook): string {
  if (words === '') return ''
  const { x, y, size = 12, weight = 400, fill = ink, anchor = 'start' } = look
  const safe = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${fill}" text-anchor="${anchor}" paint-order="stroke" stroke="#ffffff" stroke-width="4">${safe}</text>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
