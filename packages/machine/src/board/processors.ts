/** The processors of a board, each with its local APIC. */

import { FIELD } from '@ringfold/arch'
import type { IoDevice, MsrBank } from '@ringfold/contracts'
import { type Processor, ProcessorGroup, seededRandom } from '@ringfold/cpu'
import { ApicBus, LocalApic, type Pic8259Pair } from '@ringfold/devices'
import type { PhysicalMemory, PortSpace } from '@ringfold/memory'
import type { CpuModel } from '@ringfold/rings'
import { platformHost } from '../host.ts'
import type { MachineOptions } from '../options.ts'
import { type MachineTime, TSC_HZ } from '../time.ts'
import { CountedInterrupts } from './interrupts.ts'

const NS_PER_MS = 1e6

/** CPUID leaf that tells the frequency of the time-stamp counter, and the one behind it. */
const FREQUENCY_LEAVES = 0x16
/** Instructions of a turn where there are several processors: long enough that a turn costs nothing. */
const TURN = 10_000
const TWO_32 = 2 ** 32

export interface ProcessorParts {
  readonly memory: PhysicalMemory
  readonly ports: PortSpace
  readonly time: MachineTime
  readonly pic: Pic8259Pair
  readonly interruptTaken: () => void
}

export interface Processors {
  readonly group: ProcessorGroup
  readonly apics: readonly LocalApic[]
  readonly bus: ApicBus
  /** The page of the local APIC: each processor sees its own there. */
  readonly apicPage: IoDevice
}

/** The model as it is on this machine, whose time-stamp counters tick at a known frequency. */
export function machineModel(model: CpuModel): CpuModel {
  if (model.vendor !== 'GenuineIntel' || !model.features.has('INVARIANT_TSC')) return model
  return { ...model, tscHz: TSC_HZ, maxLeaf: Math.max(model.maxLeaf, FREQUENCY_LEAVES) }
}

/** Makes the processors and their APICs, which need one another. */
export function makeProcessors(model: CpuModel, options: MachineOptions, parts: ProcessorParts): Processors {
  const { memory, ports, time, pic } = parts
  const { cpus = 1, engine, host = platformHost(), seed } = options
  const bus = new ApicBus()
  const processors: Processor[] = []
  const apics = Array.from({ length: cpus }, (_, id) => makeApic(id, model, bus, processors, time, pic))
  const group = new ProcessorGroup({
    ...{ memory, ports, model, clock: time, count: cpus, slice: TURN, random: seededRandom(seed) },
    ...(engine === undefined ? {} : { engine }),
    nowMs: () => host.nowNs() / NS_PER_MS,
    own: (index) => {
      const apic = apics[index] as LocalApic
      return { interrupts: new CountedInterrupts(apic, parts.interruptTaken), msrs: apic satisfies MsrBank }
    },
  })
  processors.push(...group.processors)
  const current = () => (apics[group.current] as LocalApic).mmio
  const apicPage: IoDevice = {
    read: (offset, sizeBytes) => current().read(offset, sizeBytes),
    write: (offset, sizeBytes, value) => current().write(offset, sizeBytes, value),
  }
  return { group, apics, bus, apicPage }
}

function makeApic(
  id: number,
  model: CpuModel,
  bus: ApicBus,
  processors: readonly Processor[],
  time: MachineTime,
  pic: Pic8259Pair,
): LocalApic {
  const own = () => processors[id] as Processor
  const apic: LocalApic = new LocalApic({
    ...{ id, isBootstrap: id === 0, timeline: time, timerHz: TSC_HZ, bus },
    tsc: {
      deadlineNs: (lo, hi) => {
        const { state } = own()
        return wide(lo, hi) - wide(state.lo(FIELD.tscOffset), state.hi(FIELD.tscOffset) | 0)
      },
    },
    processor: {
      nmi: () => own().signalNmi(),
      init: () => {
        own().signalInit()
        apic.initReset()
      },
      startup: (vector) => own().signalStartup(vector),
    },
    ...(id === 0 ? { extInt: pic } : {}),
    physicalAddressBits: model.physicalAddressBits,
    features: { x2apic: model.features.has('X2APIC'), tscDeadline: model.features.has('TSC_DEADLINE') },
  })
  return apic
}

/** 64 bits as a number; the upper half with its sign where it is given so. */
const wide = (lo: number, hi: number): number => hi * TWO_32 + lo
