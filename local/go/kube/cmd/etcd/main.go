// Command etcd is the store of a local cluster. It comes from the module the Kubernetes API server's own client is
// part of, so that server and client always fit.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
