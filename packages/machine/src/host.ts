/** What a machine needs of the program around it: turns of its event loop, and a clock if time is to be real. */
export interface MachineHost {
  /** Nanoseconds since any moment; never backwards. */
  nowNs(): number
  /** Lets the event loop do what waits there. */
  yield(): Promise<void>
  /** Resolves after so many milliseconds, or earlier when `cancel` is called. */
  sleep(milliseconds: number): { readonly done: Promise<void>; cancel(): void }
}

/** The clock and the timers of the platform: they exist in Node and in browsers alike. */
export function platformHost(): MachineHost {
  return { nowNs: () => performance.now() * 1e6, yield: turns(), sleep }
}

/** What is used of a message port: types of platforms differ in the rest. */
interface Port {
  onmessage: ((event: unknown) => void) | null
  postMessage(message: unknown): void
  close(): void
}

/** A turn by a message port: browsers delay nested time-outs by 4 ms. */
function turns(): () => Promise<void> {
  return () =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel() as unknown as { readonly port1: Port; readonly port2: Port }
      port1.onmessage = () => {
        port1.close()
        resolve()
      }
      port2.postMessage(0)
    })
}

function sleep(milliseconds: number): { readonly done: Promise<void>; cancel(): void } {
  let cancel = () => {}
  const done = new Promise<void>((resolve) => {
    const handle = setTimeout(resolve, milliseconds)
    cancel = () => {
      clearTimeout(handle)
      resolve()
    }
  })
  return { done, cancel }
}
