import type { Contender } from '../route'
import { rect, round, text } from './draw'
import { contenderNames, count } from './format'
import type { Box, Drawn } from './goals'
import { faintInk, ink, type Colour } from './palette'
import type { BenchCase, Spread } from './result'

type Shown = Exclude<Contender, 'pg-mem'>

const colours: Record<Shown, Colour> = {
  real: '#0969da',
  four: '#54aeff',
  memory: '#9aa4af',
  plain: '#d4792a',
  script: '#d4792a',
}

const barHeight = 13
const barStep = 18
const groupGap = 36
const labelWidth = 62
const valueWidth = 96

type Bar = BenchCase & { contender: Shown; perSecond: Spread }

interface Groups {
  title: string
  groups: Bar[][]
  max: number
}

/** Two columns, what reads and what posts; bulks come last, on a scale of their own. */
export function groupBars(cases: readonly BenchCase[]): Groups[][] {
  const bars = cases.filter((one): one is Bar => one.contender !== 'pg-mem' && !!one.perSecond)
  const panel = (title: string, isIn: (bar: Bar) => boolean, max: number): Groups[] => {
    const own = bars.filter(isIn)
    const routes = [...new Set(own.map(({ route }) => route))]
    const groups = routes.map((route) => own.filter((bar) => bar.route === route))
    return groups.length > 0 ? [{ title, groups, max }] : []
  }
  const isBulk = ({ unit }: Bar) => unit === 'transactions/s'
  const isReading = (bar: Bar) => bar.title.startsWith('GET')
  const maxOf = (some: Bar[]) => Math.max(1, ...some.map(({ perSecond }) => perSecond.max))
  const max = maxOf(bars.filter((bar) => !isBulk(bar)))
  return [
    panel('Requests per second, reading', isReading, max),
    [
      ...panel('Requests per second, posting', (bar) => !isReading(bar) && !isBulk(bar), max),
      ...panel('Transactions per second in bulks of 1,000', isBulk, maxOf(bars.filter(isBulk))),
    ],
  ].filter((column) => column.length > 0)
}

/** Horizontal bars: the medians, with a whisker from min to max. */
export function drawBars(panels: readonly Groups[], { x, y, width }: Box): Drawn {
  const parts: string[] = []
  let top = y
  for (const { title, groups, max } of panels) {
    parts.push(text(title, { x, y: top + 18, size: 15, weight: 600 }))
    top += 28
    for (const group of groups) {
      parts.push(drawGroup(group, { x, y: top, width }, max))
      top += groupGap + group.length * barStep
    }
    top += 24
  }
  return { svg: parts.join('\n'), height: top - y }
}

function drawGroup(group: Bar[], { x, y, width }: Box, max: number): string {
  const scale = (value: number) => round((value / max) * (width - labelWidth - valueWidth))
  const title = text(shorten(group[0]!.title), { x, y: y + 16, weight: 600 })
  const bars = group.map((bar, i) => drawBar(bar, { x, y: y + 24 + i * barStep, scale }))
  return [title, ...bars].join('\n')
}

/** The panel's title says it already. */
const shorten = (title: string) => title.replace(/, 1,000 at a time/, '')

interface BarContext {
  x: number
  y: number
  scale(value: number): number
}

function drawBar({ contender, perSecond }: Bar, { x, y, scale }: BarContext): string {
  const { median, min, max } = perSecond
  const barsX = x + labelWidth
  const middle = y + barHeight / 2
  const baseline = middle + 4
  const label = contenderNames[contender].short
  return [
    text(label, { x: barsX - 8, y: baseline, anchor: 'end', fill: faintInk }),
    rect(barsX, y, scale(median), barHeight, colours[contender]),
    `<path d="M${barsX + scale(min)} ${middle}H${barsX + scale(max)}" stroke="${ink}" stroke-opacity="0.55"/>`,
    text(count(median), { x: barsX + scale(max) + 8, y: baseline, weight: 600 }),
  ].join('\n')
}
