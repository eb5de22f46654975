/** What a machine is made of, as data: what a snapshot must find again. */
import type { CpuidFeatureName } from '@ringfold/arch'
import type { CpuModel } from '@ringfold/rings'

export interface BoardShape {
  readonly cpus: number
  readonly memoryBytes: number
  readonly cpuModel: string
  /** Of the processors, in alphabetical order. */
  readonly cpuFeatures: readonly CpuidFeatureName[]
  /** Sizes of the disks in bytes. */
  readonly disks: readonly number[]
  /** MAC addresses of the network cards. */
  readonly nets: readonly string[]
  /** Whether there is a virtio console. */
  readonly console: boolean
}

/** The part of a shape that follows from the processors' model. */
export function modelShape({ name, features }: CpuModel): Pick<BoardShape, 'cpuModel' | 'cpuFeatures'> {
  return { cpuModel: name, cpuFeatures: [...features].sort() }
}
