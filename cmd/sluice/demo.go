package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/renthub/sluice/internal/demo"
	"github.com/renthub/sluice/internal/term"
)

// demoDir is where the demo writes its logs.
const demoDir = ".sluice/demo"

// startDemo writes logs until stop is called, and has the embedded config read
// them.
func (r *runner) startDemo(ctx context.Context) (stop func(), err error) {
	w, err := demo.New(demo.Options{Dir: filepath.FromSlash(demoDir)})
	if err != nil {
		return nil, exit(exitNo, err)
	}
	if err := w.Write(); err != nil { // so that there is a file to be found
		return nil, exit(exitNo, err)
	}
	r.builtIn = true
	r.common.env = func(name string) (string, bool) {
		if name == "SLUICE_PATHS" {
			return demoDir + "/*.log", true
		}
		return os.LookupEnv(name)
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			fmt.Fprintln(os.Stderr, "sluice: the demo ended early:", err)
		}
	}, nil
}

// sayDemo says what is written, and where it ends up if nobody sees it.
func sayDemo(w io.Writer, archives []string) error {
	text := fmt.Sprintf("sluice: made-up logs go to %s; Ctrl-C ends it\n", demoDir)
	if !term.IsTerminal(os.Stdout) {
		for _, dir := range archives {
			text += fmt.Sprintf("sluice: what arrives is in the archive: zcat %s/*/*.gz\n", dir)
		}
	}
	_, err := io.WriteString(w, text)
	return err
}
