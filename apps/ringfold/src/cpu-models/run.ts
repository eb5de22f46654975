import process from 'node:process'
import { type CpuModel, cpuModel, cpuModels, DEFAULT_CPU_MODEL, type RingsError, withFeatures } from '@ringfold/rings'
import { InputError } from '../exit.ts'
import { columnsOf, labelled } from '../table.ts'
import type { CpuModelsOptions } from './command.ts'

function json(model: CpuModel): object {
  return { ...model, default: model.name === DEFAULT_CPU_MODEL, features: [...model.features].sort() }
}

function listText(models: readonly CpuModel[]): string {
  const rows = models.map((model) => [
    model.name === DEFAULT_CPU_MODEL ? `${model.name} (default)` : model.name,
    model.vendor,
    model.description,
  ])
  return `${columnsOf(['model', 'vendor', 'what it is'], rows)}\n`
}

function modelText(model: CpuModel): string {
  const { family, stepping, physicalAddressBits, linearAddressBits } = model
  const rows: readonly (readonly [string, string])[] = [
    ['vendor', model.vendor],
    ['what it is', model.description],
    ['brand', model.brand],
    ['family, model', `${family}, ${model.model}, stepping ${stepping}`],
    ['addresses', `${physicalAddressBits} bits physical, ${linearAddressBits} bits linear`],
    ['features', [...model.features].sort().join(' ')],
  ]
  return `${model.name}\n${labelled(rows)}\n`
}

/** The model that was asked for; what cannot be is the user's to mend. */
function chosenModel(name: string | undefined, features: string): CpuModel {
  try {
    return withFeatures(cpuModel(name), features)
  } catch (error) {
    const { code, remedy, message } = error as RingsError
    throw typeof code === 'string' && code.startsWith('model.') ? new InputError(message, remedy) : error
  }
}

/** `ringfold cpu-models`. */
export function runCpuModels(name: string | undefined, { features, json: asJson }: CpuModelsOptions): void {
  const chosen = name === undefined && features === '' ? undefined : chosenModel(name, features)
  if (asJson) {
    const document = chosen === undefined ? cpuModels().map(json) : json(chosen)
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
  } else process.stdout.write(chosen === undefined ? listText(cpuModels()) : modelText(chosen))
}
