package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/renthub/sluice/internal/config"
)

func newValidate(c *common) *cobra.Command {
	var env bool
	cmd := &cobra.Command{
		Use:   "validate [FILE|FOLDER ...]",
		Short: "Check a config, all of it at once",
		Long: `Check a config and print everything that is wrong with it, with place, snippet and
advice. It needs no environment, no files and no network: what env() and file()
return is taken to be right, unless --env is given.`,
		Example: `  sluice validate pipeline.hcl
  sluice validate --env -c /etc/sluice      with this machine's environment and files
  sluice validate -o json pipeline.hcl      for editors`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				c.config = args
			}
			cfg, err := c.load(cmd.ErrOrStderr(), !env)
			if err != nil {
				return err
			}
			return sayValid(c, cmd, cfg)
		},
	}
	cmd.Flags().BoolVar(&env, "env", false, "use the environment and read the files that the config names")
	return cmd
}

// sayValid prints what a good config does, and which outputs can stop the rest.
func sayValid(c *common, cmd *cobra.Command, cfg *config.Config) error {
	inputs, outputs, blocking := 0, 0, []string{}
	for i := range cfg.Inputs {
		if cfg.Inputs[i].Enabled {
			inputs++
		}
	}
	for i := range cfg.Outputs {
		o := &cfg.Outputs[i]
		if !o.Enabled {
			continue
		}
		outputs++
		if o.OnFull == "block" && o.Type != "console" {
			blocking = append(blocking, o.Address)
		}
	}
	w := cmd.OutOrStdout()
	if c.output == "json" {
		return json.NewEncoder(w).Encode(map[string]any{"valid": true, "inputs": inputs, "outputs": outputs, "can_stop_the_rest": blocking})
	}
	fmt.Fprintf(w, "The config is valid: %d inputs, %d outputs, %d routes, %d retention classes.\n", inputs, outputs, len(cfg.Routes), len(cfg.Retention.Classes))
	if len(blocking) > 0 {
		fmt.Fprintf(w, "When the buffer is full, inputs wait for: %s (on_full = \"block\").\n", strings.Join(blocking, ", "))
	}
	return nil
}
