/** Engines that a processor can run on, and what they are made from. */
import type { EngineEvents, ExecutionEngine } from '@ringfold/contracts'
import type { LinearAccessor } from '@ringfold/mmu'
import type { RuleContext } from '@ringfold/rings'
import type { RegionOptions } from '@ringfold/translator'
import type { Availability } from './availability.ts'
import type { CodeModes } from './code-modes.ts'
import type { EffectiveAccess } from './effective-access.ts'
import { CpuError } from './errors.ts'
import { InterpreterEngine } from './interpreter-engine.ts'
import type { Memory1 } from './memory1.ts'
import { observerAt, type RegionWatch } from './region-watch.ts'

/** The parts of a processor that an engine works with. */
export interface EngineParts {
  readonly ctx: RuleContext
  /** Linear memory, with the paging unit and physical memory behind it. */
  readonly linear: LinearAccessor
  /** Guest memory by effective address. */
  readonly access: EffectiveAccess
  /** Which instructions there are, in the present mode. */
  readonly availability: Availability
  /** The present code mode. */
  readonly modes: CodeModes
  /** State, TLB and room for code. */
  readonly memory1: Memory1
  /** The processor's events between instructions. */
  readonly events: EngineEvents
  /** Reads a clock of the host, in ms, for statistics. */
  readonly nowMs?: () => number
}

/** Makes an engine for a processor. */
export type EngineFactory = (parts: EngineParts) => ExecutionEngine

/** Leaves every instruction to the processor, which has the reference evaluator. */
class ReferenceEngine implements ExecutionEngine {
  readonly name = 'reference'
  readonly status = 'foreign'
  readonly isRepeating = false
  readonly counted = 0

  execute(): number {
    return 0
  }

  settle(): void {}
  modeChanged(): void {}
  translationsChanged(): void {}
  invalidateCode(): void {}
  dispose(): void {}
}

/** Compiles whatever is jumped to, at once. */
const EAGER: RegionOptions = { hotAfter: 1, batch: 1, mostInstructions: 200, isEager: true }
/** Compiles what is worth its price. */
const WHEN_HOT: RegionOptions = { hotAfter: 5000, batch: 32, mostInstructions: 400, isEager: false }

/** What may be asked of the region tier of an engine: anything else is as the engine of that name has it. */
export interface RegionEngineOptions extends Partial<Omit<RegionOptions, 'observer' | 'nowMs'>> {
  /** Is shown what becomes of the code at an address. */
  readonly watch?: RegionWatch
}

/**
 * A factory of the engine `translator` or `auto` with other passes, or other thresholds. `passes` replaces all of `PASSES` of
 * `@ringfold/translator`: give those of them that are to stay.
 */
export function regionEngine(name: 'translator' | 'auto', options: RegionEngineOptions = {}): EngineFactory {
  const { watch, ...regions } = options
  return (parts) => {
    const observer = watch === undefined ? {} : { observer: observerAt(watch, parts) }
    const base = name === 'auto' ? WHEN_HOT : EAGER
    return new InterpreterEngine(parts, name, { ...base, ...clockOf(parts), ...regions, ...observer })
  }
}

const clockOf = ({ nowMs }: EngineParts) => (nowMs === undefined ? {} : { nowMs })

const FACTORIES = {
  reference: () => new ReferenceEngine(),
  interpreter: (parts) => new InterpreterEngine(parts),
  translator: regionEngine('translator'),
  auto: regionEngine('auto'),
} as const satisfies Readonly<Record<string, EngineFactory>>

export type EngineName = keyof typeof FACTORIES

/** The engines by name. */
export const ENGINES: readonly EngineName[] = ['reference', 'interpreter', 'translator', 'auto']

/** An engine by name, or as a factory makes it. Throws `CpuError` `cpu.engine`. */
export function makeEngine(engine: EngineName | EngineFactory, parts: EngineParts): ExecutionEngine {
  const factory = typeof engine === 'function' ? engine : FACTORIES[engine]
  if (factory !== undefined) return factory(parts)
  throw new CpuError('cpu.engine', `there is no engine ${engine}`, `use one of ${ENGINES.join(', ')}, or a factory`)
}
