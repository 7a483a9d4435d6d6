/** What Chart.js draws, of numbers and of the page's own colours. Pure but for reading those. */
import { BarController, BarElement, CategoryScale, Chart, LinearScale, LineController, LineElement, PointElement, Tooltip } from 'chart.js'
import type { ChartConfiguration } from 'chart.js'

Chart.register(BarController, BarElement, CategoryScale, LinearScale, LineController, LineElement, PointElement, Tooltip)

export { Chart }

/** Names of tokens, from the darkest to the faintest: a series keeps its own in every theme. */
export const TONES = ['accent-mark', 'blue', 'amber', 'text-faint'] as const
export type Tone = (typeof TONES)[number]

export interface Series {
  label: string
  tone: Tone
  values: (number | null)[]
}

export interface Drawing {
  labels: string[]
  series: Series[]
  form: 'bars' | 'lines' | 'lying'
  stacked: boolean
  /** How a value is told, where the pointer is and on the axis. */
  tell: (value: number) => string
  mark: (value: number) => string
  /** So much of the axis is always there; `most`: and no more. */
  atLeast: number
  most?: number
  /** No mark of the axis is between two whole numbers. */
  whole: boolean
}

export type Colours = (token: string) => string

export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element)
  return (token) => style.getPropertyValue(`--${token}`).trim()
}

export function configurationOf(drawing: Drawing, colour: Colours): ChartConfiguration<'bar' | 'line', (number | null)[], string> {
  const lying = drawing.form === 'lying'
  const family = colour('font')
  const font = { family, size: 11 }
  const ticks = { color: colour('text-faint'), font }
  const values = {
    stacked: drawing.stacked,
    beginAtZero: true,
    suggestedMax: drawing.atLeast,
    ...(drawing.most ? { max: drawing.most } : {}),
    border: { display: false },
    grid: { color: colour('line'), drawTicks: false },
    ticks: { ...ticks, maxTicksLimit: 6, padding: 6, callback: (value: string | number) => drawing.mark(Number(value)), ...(drawing.whole ? { precision: 0 } : {}) },
  }
  const names = {
    stacked: drawing.stacked,
    border: { color: colour('line-strong') },
    grid: { display: false },
    ticks: { ...ticks, maxRotation: 0, autoSkip: !lying, autoSkipPadding: 12, color: lying ? colour('text-soft') : ticks.color, callback: (_: unknown, place: number) => cut(drawing.labels[place] ?? '') },
  }
  return {
    type: drawing.form === 'lines' ? 'line' : 'bar',
    data: { labels: drawing.labels, datasets: drawing.series.map((series) => dataset(series, drawing, colour)) },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      indexAxis: lying ? 'y' : 'x',
      interaction: { mode: 'index', intersect: false, axis: lying ? 'y' : 'x' },
      scales: lying ? { x: values, y: names } : { x: names, y: values },
      plugins: {
        tooltip: {
          backgroundColor: colour('raised'),
          borderColor: colour('line-strong'),
          borderWidth: 1,
          titleColor: colour('text'),
          bodyColor: colour('text-soft'),
          titleFont: { family, size: 12, weight: 'bold' },
          bodyFont: { family, size: 12 },
          padding: 10,
          boxPadding: 4,
          usePointStyle: true,
          callbacks: {
            label: (item) => ` ${item.dataset.label ?? ''}  ${drawing.tell(Number(item.raw))}`,
          },
        },
      },
    },
  }
}

function dataset(series: Series, drawing: Drawing, colour: Colours) {
  const hue = colour(series.tone)
  if (drawing.form !== 'lines') {
    return { label: series.label, data: series.values, backgroundColor: hue, borderRadius: drawing.stacked ? 0 : 2, maxBarThickness: drawing.form === 'lying' ? 12 : 28, categoryPercentage: 0.75, barPercentage: 0.9 }
  }
  return { label: series.label, data: series.values, borderColor: hue, backgroundColor: hue, borderWidth: 2, pointRadius: series.values.length > 45 ? 0 : 2.5, pointHoverRadius: 4 }
}

const LONGEST = 12

function cut(label: string): string {
  const letters = [...label]
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join('')}…` : label
}
