package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/hashicorp/hcl/v2"

	"github.com/renthub/sluice"
	"github.com/renthub/sluice/internal/components"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/term"
)

// defaultConfigs are the places of a config that is not named, in order.
var defaultConfigs = []string{"pipeline.hcl", "/etc/sluice"}

// embedded is the name by which messages call the embedded config.
const embedded = "embedded pipeline.hcl"

// configPaths returns the files and folders that -c, SLUICE_CONFIG or the
// default places name; none is the embedded config.
func (c *common) configPaths() []string {
	if c.builtIn {
		return nil
	}
	if len(c.config) > 0 {
		return c.config
	}
	if p := os.Getenv("SLUICE_CONFIG"); p != "" {
		return []string{p}
	}
	for _, p := range defaultConfigs {
		if _, err := os.Stat(p); !errors.Is(err, fs.ErrNotExist) {
			return []string{p}
		}
	}
	return nil
}

// load reads the config. Everything wrong with it goes to w, with snippets;
// the error then only says that there was something.
func (c *common) load(w io.Writer, static bool) (*config.Config, error) {
	o := config.Options{Vars: c.vars, Env: c.env, ReadFile: os.ReadFile, Static: static}
	kinds := components.All().Kinds()
	var cfg *config.Config
	var diags hcl.Diagnostics
	if paths := c.configPaths(); len(paths) > 0 {
		cfg, diags = config.Load(paths, kinds, o)
	} else {
		cfg, diags = config.LoadSources([]config.Source{{Name: embedded, Text: sluice.DefaultPipeline}}, kinds, o)
	}
	if len(diags) > 0 {
		if err := c.writeDiagnostics(w, cfg, diags); err != nil {
			return nil, err
		}
	}
	if diags.HasErrors() {
		return nil, exit(exitConfig, fmt.Errorf("the config has %d errors", len(diags.Errs())))
	}
	return cfg, nil
}

func (c *common) writeDiagnostics(w io.Writer, cfg *config.Config, diags hcl.Diagnostics) error {
	if c.output == "json" {
		return cfg.WriteJSON(w, diags)
	}
	return cfg.Write(w, diags, w == io.Writer(os.Stderr) && c.useColor(os.Stderr))
}

// useColor reports whether what is written to f is to be coloured.
func (c *common) useColor(f *os.File) bool {
	switch c.color {
	case "always":
		return true
	case "never":
		return false
	}
	return os.Getenv("NO_COLOR") == "" && term.IsTerminal(f)
}
