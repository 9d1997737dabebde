package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/renthub/sluice/internal/admin"
	"github.com/renthub/sluice/internal/config"
)

// errNoAgent means that nobody answers at the admin address.
var errNoAgent = errors.New("no agent answers")

// maxAnswer is more than any status is long.
const maxAnswer = 64 << 20

// fromConfig is where an address is from that only the config names.
const fromConfig = "the config"

// agentClient asks a running agent over its admin address.
type agentClient struct {
	base  string // http://host:port
	token string
	from  string // what the address was taken from
	http  http.Client
}

// agentClient finds the running agent: at --admin, at SLUICE_ADMIN, where the
// data folder says, or where the config has it listen.
func (c *common) agentClient(cfg *config.Config) *agentClient {
	a := &agentClient{token: os.Getenv("SLUICE_ADMIN_TOKEN"), http: http.Client{Timeout: 10 * time.Second}}
	listen := ""
	switch {
	case c.admin != "":
		listen, a.from = c.admin, "--admin"
	case os.Getenv("SLUICE_ADMIN") != "":
		listen, a.from = os.Getenv("SLUICE_ADMIN"), "SLUICE_ADMIN"
	}
	if cfg != nil && a.token == "" {
		a.token = cfg.Admin.Token.Reveal()
	}
	if cfg != nil && listen == "" {
		listen, a.from = cfg.Admin.Listen, fromConfig
		if left, err := admin.ReadAddress(dataDir(cfg)); err == nil {
			listen, a.from = left.Addr, "its data folder "+dataDir(cfg)
		}
	}
	if !strings.Contains(listen, "://") {
		listen = "http://" + listen
	}
	a.base = strings.TrimRight(listen, "/")
	return a
}

// agentOf is agentClient, but nil where neither a person nor the data folder
// names an agent: one that happens to listen where the config would may have
// another buffer.
func (c *common) agentOf(cfg *config.Config) *agentClient {
	a := c.agentClient(cfg)
	if a.from == fromConfig {
		return nil
	}
	return a
}

// findAgent is agentClient for commands that need nothing else of the config.
// With an address given, the config need not even be there.
func (c *common) findAgent() (*agentClient, error) {
	if c.admin != "" || os.Getenv("SLUICE_ADMIN") != "" {
		return c.agentClient(nil), nil
	}
	cfg, err := c.load(os.Stderr, false)
	if err != nil {
		return nil, err
	}
	return c.agentClient(cfg), nil
}

// get asks for the JSON at path.
func (a *agentClient) get(ctx context.Context, path string) ([]byte, error) {
	return a.ask(ctx, http.MethodGet, path, nil)
}

// post asks the agent to do something.
func (a *agentClient) post(ctx context.Context, path string, query url.Values) error {
	_, err := a.ask(ctx, http.MethodPost, path, query)
	return err
}

func (a *agentClient) ask(ctx context.Context, method, path string, query url.Values) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, nil)
	if err != nil {
		return nil, exit(exitUsage, fmt.Errorf("the admin address of %s is wrong: %w", a.from, err))
	}
	req.URL.RawQuery = query.Encode()
	req.Header.Set(admin.ControlHeader, "sluice")
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return nil, exit(exitNo, fmt.Errorf("%w at %s, the address from %s: %w", errNoAgent, a.base, a.from, errors.Unwrap(err)))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, exit(exitNo, fmt.Errorf("read the agent's answer: %w", err))
	}
	if resp.StatusCode == http.StatusOK {
		return body, nil
	}
	var refused struct{ Error string }
	_ = json.Unmarshal(body, &refused) // what is no JSON is shown as it is
	return nil, exit(exitNo, &refusal{resp.StatusCode, cmp.Or(refused.Error, string(bytes.TrimSpace(body)), resp.Status)})
}

// refusal is the agent's own words for what it did not do.
type refusal struct {
	status int
	reason string
}

func (r *refusal) Error() string { return r.reason }
