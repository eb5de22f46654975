/** What runs in the Debian guest: /init and what it needs. Shell scripts for busybox. */

/** Lines around the output of a script; `docs/guests.md` tells of them. */
export const SCRIPT_MARKERS = {
  begin: '---- ringfold: the script begins ----',
  /** Followed by the status: `---- ringfold: the script ended with status 0 ----`. */
  end: '---- ringfold: the script ended with status',
} as const

/** Where a script lies that /init runs instead of a shell: in an archive behind the initramfs. */
export const SCRIPT_PATH = 'ringfold/script'

/** What stands before the cursor in the guest's shell. */
export const GUEST_PROMPT = 'root@ringfold:~# '

export const INIT = `#!/bin/busybox sh
# The first process of the guest: mounts, modules, network; then a script, or a shell on the console.
/bin/busybox mkdir -p /proc /sys /dev /tmp /run /root /mnt /etc /sbin /bin
/bin/busybox --install -s /bin
export PATH=/sbin:/bin HOME=/root TERM=\${TERM:-vt102}
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
ln -sf /proc/self/fd /dev/fd
for module in $(cat /lib/ringfold/modules); do
  insmod /lib/ringfold/$module.ko 2>/dev/null
done
hostname ringfold
# What halt, poweroff and reboot of busybox tell the first process.
trap 'exec /sbin/poweroff' USR1 USR2
trap 'exec /sbin/reboot' TERM
acpid -l /dev/null 2>/dev/null
ip link set lo up
if [ -e /sys/class/net/eth0 ]; then
  ip link set eth0 up
  udhcpc -i eth0 -q -n -t 8 -T 1 -s /etc/udhcpc.script >/dev/null 2>&1 || echo 'network: nobody answered DHCP'
fi
if [ -e /${SCRIPT_PATH} ]; then
  echo '${SCRIPT_MARKERS.begin}'
  cd /root
  sh /${SCRIPT_PATH} &
  wait $!
  echo "${SCRIPT_MARKERS.end} $? ----"
  exec /sbin/poweroff
fi
cat /etc/motd
cd /root
# A terminal of its own for the shell, so that Ctrl-C reaches what runs in it: not in the background, where that is ignored.
setsid cttyhack sh -l
exec /sbin/poweroff
`

/** Without an init process to tell, these do it themselves. */
export const POWEROFF = `#!/bin/sh
sync
umount -a -r 2>/dev/null
exec busybox poweroff -f
`

export const REBOOT = `#!/bin/sh
sync
umount -a -r 2>/dev/null
exec busybox reboot -f
`

/** What acpid does when the power button is pressed. */
export const POWER_BUTTON = `#!/bin/sh
echo 'the power button was pressed' >/dev/console
exec /sbin/poweroff
`

export const PROFILE = `export PS1='root@ringfold:\\w# '
alias ll='ls -l'
# The first process waits for this shell, so what busybox would tell it is done here.
poweroff() { exec /sbin/poweroff; }
halt() { exec /sbin/poweroff; }
reboot() { exec /sbin/reboot; }
`

export const UDHCPC = `#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip address flush dev $interface
ip address add $ip/\${mask:-24} dev $interface
for gateway in $router; do ip route add default via $gateway dev $interface; break; done
: >/etc/resolv.conf
for server in $dns; do echo "nameserver $server" >>/etc/resolv.conf; done
`

export const MOTD = `
This is a stock Debian kernel, with busybox, on a PC that Ringfold made of packages.
  poweroff         switches it off; so does leaving this shell
  reboot           starts it again
  busybox --list   shows the commands that there are

`
