package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// agentConfig is the pipeline that is measured: one file input, one enrich
// block, the default retention class, the disk buffer, Elasticsearch.
type agentConfig struct {
	dir    string // of the run: logs/ and data/ are made in it
	parser string
	sink   string // host:port
	pad    int    // bytes of padding, so that added fields are 205 bytes

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

output "elasticsearch" "sink" {
  endpoints = ["http://%s"]
  bootstrap = "never"
}

admin {
  listen = "127.0.0.1:0"
}
%s`, filepath.Join(c.logs(), "*.log"), c.parser, strings.Repeat("-rh", (c.pad+2)/3)[:c.pad], c.data(), c.limits, c.sink, agent)
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
