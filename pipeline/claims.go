package pipeline

import (
	"context"
	"sync"
)

// claims see to it that a target has one request in flight. What is held for a
// target in trouble can be meant for another after a change of the config, so
// the lanes of one delivery alone cannot know. A claim is for one try: whoever
// waits for anything else has none.
type claims struct {
	mu    sync.Mutex
	taken map[string]chan struct{} // guarded by mu; closed when the target is free again
}

// take waits until a target is free and claims it. It returns false if ctx
// ended before.
func (c *claims) take(ctx context.Context, target string) bool {
	for {
		c.mu.Lock()
		busy := c.taken[target]
		if busy == nil {
			if c.taken == nil {
				c.taken = map[string]chan struct{}{}
			}
			c.taken[target] = make(chan struct{})
			c.mu.Unlock()
			return true
		}
		c.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return false
		}
	}
}

// free ends a claim.
func (c *claims) free(target string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.taken[target])
	delete(c.taken, target)
}
