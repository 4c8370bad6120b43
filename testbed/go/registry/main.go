// Command registry keeps images in memory and serves them on one address: what packages are
// pushed to and pulled from.
//
// Clients of go-containerregistry, Crossplane among them, speak plain HTTP to addresses of the
// loopback interface.
package main

import (
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: registry HOST:PORT")
	}
	quiet := registry.Logger(log.New(io.Discard, "", 0))
	server := &http.Server{
		Addr:              os.Args[1],
		Handler:           registry.New(quiet),
		ReadHeaderTimeout: 10 * time.Second,
	}
	log.Fatal(server.ListenAndServe())
}
