/** How the lab guest ends: the power is switched off, or a monitor answers keys until it is. */
import { PLACE } from './places.ts'
import type { LabSource } from './source.ts'

export interface PowerOff {
  /** PM1a control, and what is written there: `SLP_EN` with the type of S5. */
  readonly port: number
  readonly value: number
}

export function ending(source: LabSource, { port, value }: PowerOff): void {
  source.add('power_off:')
  source.line('lab: done, power off')
  source.add(`
  mov edx, ${port}
  mov eax, ${value}
  out dx, ax
power_off_wait:
  cli
  hlt
  jmp power_off_wait`)
}

/** Keys: h, t, p, q. */
export function monitor(source: LabSource): void {
  source.add('monitor:')
  source.line('monitor: t time, p page tables, h help, q power off')
  source.add(`
monitor_key:
  call getc
  cmp al, 113
  je monitor_quit
  cmp al, 116
  je monitor_time
  cmp al, 112
  je monitor_pages
  cmp al, 104
  je monitor
  jmp monitor_key
monitor_quit:
  ret
monitor_time:`)
  source.say('time: ')
  source.add('  call timestamp').decimal()
  source.line(' ticks of the time-stamp counter').add('  jmp monitor_key\nmonitor_pages:')
  source.say('pages: CR3 ')
  source.add('  mov rax, cr3').hex(8)
  for (const [name, address] of [
    ['PML4[0]', PLACE.PML4],
    ['PDPT[0]', PLACE.PDPT],
    ['PD[0] (2 MiB)', PLACE.DIRECTORY_LOW],
    ['PT[1] of the playground', PLACE.TABLE_PLAY + 8],
  ] as const) {
    source.say(`, ${name} `)
    source.add(`  mov rax, [${address}]`).hex(16)
  }
  source.line('').add('  jmp monitor_key')
}
