package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// agentConfig is the pipeline that is measured: one file input, one enrich
// block, the default retention class, the disk buffer, and Elasticsearch or other
// outputs.
type agentConfig struct {
	dir     string // of the run: logs/ and data/ are made in it
	parser  string
	outputs []destination
	pad     int // bytes of padding, so that added fields are 205 bytes

	limits   string        // another line of the buffer block
	shutdown time.Duration // of the agent; its default if 0
}

func (c agentConfig) logs() string { return filepath.Join(c.dir, "logs") }
func (c agentConfig) data() string { return filepath.Join(c.dir, "data") }
func (c agentConfig) path() string { return filepath.Join(c.dir, "pipeline.hcl") }

// text is the config. Everything that the budget's conditions name stands in
// it; the rest is the agent's defaults.
func (c agentConfig) text() string {
	agent := ""
	if c.shutdown > 0 {
		agent = fmt.Sprintf("\nagent {\n  shutdown_timeout = %q\n}\n", c.shutdown)
	}
	return fmt.Sprintf(`input "file" "bench" {
  paths   = [%q]
  service = "payments"
  parser  = %q
}

enrich "constants" {
  set = {
    "deployment.environment" = "prod"
    "labels.cluster"         = "eu%s"
  }
}

retention {
  default = "standard"
  class "standard" {
    keep = "30d"
  }
}

buffer {
  path       = %q
  durability = "group"
  %s
}

%s
admin {
  listen = "127.0.0.1:0"
}
%s`, filepath.Join(c.logs(), "*.log"), c.parser, strings.Repeat("-rh", (c.pad+2)/3)[:c.pad], c.data(), c.limits, c.blocks(), agent)
}

// destination is where an output of the agent sends to.
type destination struct{ kind, addr string }

// blocks are the output blocks: the least that each kind needs, and else its
// defaults.
func (c agentConfig) blocks() string {
	var text strings.Builder
	for _, d := range c.outputs {
		settings := fmt.Sprintf("endpoints = [%q]", "http://"+d.addr)
		switch d.kind {
		case elastic:
			settings += "\n  bootstrap = \"never\""
		case splunk:
			settings += "\n  token     = \"bench\"\n  ack       = \"off\""
		case cloudwatch:
			settings += "\n  region    = \"eu-central-1\""
		case kafka:
			settings = fmt.Sprintf("endpoints = [%q]", d.addr)
		}
		fmt.Fprintf(&text, "output %q \"sink\" {\n  %s\n}\n\n", d.kind, settings)
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// environment is what the agent gets beside this process's: credentials that
// open nothing.
func environment() []string {
	return append(os.Environ(), "AWS_ACCESS_KEY_ID=bench", "AWS_SECRET_ACCESS_KEY=bench", "AWS_EC2_METADATA_DISABLED=true")
}

// write makes the run's folders and its config file.
func (c agentConfig) write() error {
	for _, dir := range []string{c.logs(), c.data()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make the run's folders: %w", err)
		}
	}
	if err := os.WriteFile(c.path(), []byte(c.text()), 0o644); err != nil {
		return fmt.Errorf("write the agent's config: %w", err)
	}
	return nil
}
