package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	fileinput "github.com/renthub/sluice/inputs/file"
	"github.com/renthub/sluice/internal/config"
	fileoutput "github.com/renthub/sluice/outputs/file"
	"github.com/renthub/sluice/pipeline"
)

// sayStart says where the demo is, or that the embedded config finds nothing
// to read.
func (r *runner) sayStart(w io.Writer, cfg *config.Config) error {
	if r.demo {
		return sayDemo(w, archives(cfg))
	}
	if len(r.configPaths()) > 0 {
		return nil
	}
	var globs []string
	for i := range cfg.Inputs {
		c, ok := cfg.Inputs[i].Config.(*fileinput.Config)
		if !ok {
			continue
		}
		for _, glob := range c.Paths {
			if found, err := doublestar.FilepathGlob(glob, doublestar.WithFilesOnly()); err != nil || len(found) > 0 {
				return nil // of a wrong glob the input says so itself
			}
			globs = append(globs, glob)
		}
	}
	return sayNothing(w, globs)
}

// sayNothing says what was looked for, and what to do now.
func sayNothing(w io.Writer, globs []string) error {
	_, err := fmt.Fprintf(w, `sluice: no file matches yet; new ones are taken as they come. Looked for:
  %s
Name others:        SLUICE_PATHS='/srv/app/*.log' sluice run
Or see it at work:  sluice run --demo
`, visible(strings.Join(globs, "  ")))
	return err
}

// archives are the folders that file outputs write to.
func archives(cfg *config.Config) []string {
	var dirs []string
	for i := range cfg.Outputs {
		if c, ok := cfg.Outputs[i].Config.(*fileoutput.Config); ok && cfg.Outputs[i].Enabled {
			dirs = append(dirs, c.Folder())
		}
	}
	return dirs
}

// saySummary says at a clean end what was read, delivered and what waits, in
// one line.
func saySummary(w io.Writer, s pipeline.Status) error {
	text := fmt.Sprintf("sluice: %s lines read", grouped(s.Ingest.Rows))
	for i := range s.Outputs {
		o := &s.Outputs[i]
		text += fmt.Sprintf("; %s: %s delivered", o.Name, grouped(o.Sent))
		if o.Pending > 0 {
			text += fmt.Sprintf(", %s wait in the buffer", grouped(o.Pending))
		}
		if o.Dead > 0 {
			text += fmt.Sprintf(", %s refused for good", grouped(o.Dead))
		}
		if o.Shed > 0 {
			text += fmt.Sprintf(", %s passed over", grouped(o.Shed))
		}
	}
	_, err := fmt.Fprintln(w, visible(text))
	return err
}
