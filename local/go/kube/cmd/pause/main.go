// Command pause does nothing, as long as it is needed: as the first process of a pod it keeps the pod's namespaces,
// as the first process of a whole local cluster those of the cluster. Whatever loses its parent becomes its child,
// so it also buries the dead.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		bury()
	}
}

// One SIGCHLD may stand for several children: the kernel does not queue equal signals.
func bury() {
	for {
		if child, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != nil || child <= 0 {
			return
		}
	}
}
