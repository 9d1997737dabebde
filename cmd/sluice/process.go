package main

import (
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/term"
)

// newLogger returns the agent's own log, to standard error.
func newLogger(level *slog.LevelVar, a config.Agent) *slog.Logger {
	setLevel(level, a.LogLevel)
	o := &slog.HandlerOptions{Level: level}
	if a.LogFormat == "json" || a.LogFormat != "text" && !term.IsTerminal(os.Stderr) {
		return slog.New(slog.NewJSONHandler(os.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, o))
}

func setLevel(v *slog.LevelVar, name string) {
	if env := os.Getenv("SLUICE_LOG_LEVEL"); env != "" {
		name = env
	}
	var l slog.Level
	if l.UnmarshalText([]byte(name)) == nil {
		v.Set(l)
	}
}

// hostFields are the constant fields of this machine.
func hostFields() []event.Constant {
	var fields []event.Constant
	name := os.Getenv("SLUICE_NODE_NAME")
	if name == "" {
		name, _ = os.Hostname() // a machine without a name has no host.name
	}
	if name != "" {
		fields = append(fields, event.Constant{Key: "host.name", Value: name})
	}
	return fields
}

// The heap may grow to this factor of what is live, above a floor: the hot
// path leaves little behind, and memory is cheaper than collecting it often,
// but not without end.
const (
	gcPercent   = 100
	memoryLimit = 512 << 20
)

// limitMemory sets what the environment (GOGC, GOMEMLIMIT) does not.
func limitMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	if os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) > 4 {
		runtime.GOMAXPROCS(4)
	}
}
