package main

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
)

func newReload(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "reload",
		Short: "Let the running agent apply its config again",
		Long: `Let the running agent read its config again and apply it, as SIGHUP does. Only what
has changed is restarted; the buffer stays open. A config in error changes
nothing: the agent goes on as before and this command says why.`,
		Example: `  sluice reload
  sluice validate && sluice reload
  sluice reload --admin 127.0.0.1:7081`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			agent, err := c.findAgent()
			if err != nil {
				return err
			}
			err = agent.post(cmd.Context(), "/api/reload", nil)
			var no *refusal
			if errors.As(err, &no) && no.status == http.StatusConflict {
				return exit(exitConfig, fmt.Errorf("nothing was changed: %w", no))
			}
			if err != nil {
				return err
			}
			return c.sayDone(cmd, "The config is applied.", map[string]any{"reloaded": true})
		},
	}
}
