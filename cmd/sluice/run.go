package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/internal/admin"
	"github.com/renthub/sluice/internal/components"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/pipeline"
)

func newRun(c *common) *cobra.Command {
	r := &runner{common: c}
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the agent",
		Long: `Run the agent until it is told to stop. SIGTERM and Ctrl-C end it cleanly: inputs
stop, what was read goes to disk, outputs get some seconds to take what waits. A
second signal ends it at once, which is safe too. SIGHUP applies the config again.`,
		Example: `  sluice run --demo                 made-up logs through the embedded config
  sluice run                        ./pipeline.hcl, /etc/sluice, or the embedded config
  sluice run -c pipeline.hcl --var environment=prod
  SLUICE_PATHS='/srv/*.log' sluice run`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.run(cmd.Context()) },
	}
	cmd.Flags().BoolVar(&r.demo, "demo", false, "write rotating JSON, nginx and Laravel lines under .sluice/demo and run the embedded config on them")
	return cmd
}

// defaultAdmin is the admin address of a config that names none. If its port is
// in use a free one does as well.
const defaultAdmin = "127.0.0.1:7080"

// runner is one run of the agent.
type runner struct {
	*common
	demo bool

	agent  *pipeline.Agent
	logger *slog.Logger
	level  slog.LevelVar
}

func (r *runner) run(ctx context.Context) error {
	if r.demo {
		stop, err := r.startDemo(ctx)
		if err != nil {
			return err
		}
		defer stop()
	}
	cfg, err := r.load(os.Stderr, false)
	if err != nil {
		return err
	}
	r.logger = newLogger(&r.level, cfg.Agent)
	limitMemory()
	plan, err := r.build(cfg)
	if err != nil {
		return exit(exitConfig, err)
	}
	if err := r.sayPlan(plan, cfg); err != nil {
		return err
	}
	if err := r.sayStart(os.Stderr, cfg); err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r.agent, err = pipeline.Open(plan, pipeline.Env{Logger: r.logger, Now: time.Now, Version: version(), Own: []string{filepath.Join(dataDir(cfg), "admin.json")}})
	if err != nil {
		return exit(exitBuffer, err)
	}
	if cfg.Admin.Enabled {
		stop, err := r.startAdmin(cfg, registry)
		if err != nil {
			return exit(exitUsage, err)
		}
		defer stop()
	}
	hup, stopHup := hangups()
	defer stopHup()
	ended := make(chan struct{})
	defer close(ended)
	go r.reloadOn(hup, ended)
	if err := r.agent.Run(ctx, plan); err != nil {
		return exit(exitBuffer, err)
	}
	return saySummary(os.Stderr, r.agent.Status())
}

// build makes a plan of a config for this machine.
func (r *runner) build(cfg *config.Config) (*pipeline.Plan, error) {
	return pipeline.Build(cfg, components.All(), hostFields())
}

// reloadOn applies the config again at each signal.
func (r *runner) reloadOn(hup <-chan os.Signal, ended <-chan struct{}) {
	for {
		select {
		case <-hup:
			if err := r.Reload(); err != nil {
				r.logger.Error("config was not applied", "error", err)
			}
		case <-ended:
			return
		}
	}
}

// Reload applies the config again. A bad one changes nothing; the error holds
// all that is wrong with it.
func (r *runner) Reload() error {
	var wrong strings.Builder
	cfg, err := r.load(&wrong, false)
	if err != nil {
		return fmt.Errorf("%w:\n%s", err, wrong.String())
	}
	plan, err := r.build(cfg)
	if err != nil {
		return err
	}
	if err := r.agent.Reload(plan); err != nil {
		return err
	}
	setLevel(&r.level, cfg.Agent.LogLevel)
	r.logger.Info("config applied", "inputs", len(plan.Inputs), "outputs", len(plan.Outputs))
	return nil
}

// Status, Ready and Forget are what the admin address asks.
func (r *runner) Status() any           { return r.agent.Status() }
func (r *runner) Ready() error          { return r.agent.Ready() }
func (r *runner) Forget(n string) error { return r.agent.Forget(n) }

// startAdmin starts the admin address and leaves it in the data folder.
func (r *runner) startAdmin(cfg *config.Config, registry *prometheus.Registry) (stop func(), err error) {
	s, err := admin.Start(admin.Options{
		Listen: cfg.Admin.Listen, Fallback: cfg.Admin.Listen == defaultAdmin, Token: cfg.Admin.Token.Reveal(),
		Metrics: prometheus.Gatherers{registry, r.agent}, Logger: r.logger,
	}, r)
	if err != nil {
		return nil, err
	}
	dir := dataDir(cfg)
	if err := admin.WriteAddress(dir, s.Addr()); err != nil {
		r.logger.Warn("status will not find this agent by its data folder", "error", err)
	}
	r.logger.Info("admin address", "addr", s.Addr())
	return func() {
		admin.RemoveAddress(dir)
		if err := s.Close(); err != nil {
			r.logger.Debug("close admin address", "error", err)
		}
	}, nil
}

// dataDir is the folder that holds the buffer.
func dataDir(cfg *config.Config) string { return filepath.Dir(cfg.Buffer.Path) }

// sayPlan says what there is to do, and refuses to do nothing.
func (r *runner) sayPlan(p *pipeline.Plan, cfg *config.Config) error {
	if len(p.Inputs) == 0 {
		return exit(exitConfig, errors.New("the config has no enabled input: there is nothing to read"))
	}
	if len(p.Outputs) == 0 {
		return exit(exitConfig, errors.New("the config has no enabled output: there is nowhere to send to"))
	}
	for _, o := range p.Outputs {
		if o.Cursor.OnFull == buffer.Block && !o.Cursor.Volatile {
			r.logger.Debug("output can stop the others when the buffer is full", "output", o.Address, "max_size", fmt.Sprint(cfg.Buffer.MaxSize))
		}
	}
	return nil
}
