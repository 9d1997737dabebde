package cloudwatch

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// groupState is what is known of a group at the service.
type groupState struct {
	made atomic.Bool // by this agent, and its retention is not set yet

	mu   sync.Mutex
	days int32     // guarded by mu; 0 is for ever or unknown
	read time.Time // guarded by mu; when days was read
}

// freshFor is how long what was read of a group is believed.
const freshFor = 10 * time.Minute

// readRetention returns how many days a group keeps for, by its own setting or
// the account's; 0 if that is for ever or cannot be known.
func (o *Output) readRetention(ctx context.Context, client *cloudwatchlogs.Client, g *group) int32 {
	g.state.mu.Lock()
	days, age := g.state.days, o.now().Sub(g.state.read)
	g.state.mu.Unlock()
	if age >= 0 && age < freshFor {
		return days
	}
	days = 0
	there, err := o.describe(ctx, client, g.name)
	if err != nil {
		o.logger.Debug("retention of log group is not known", "group", g.name, "error", err)
	} else if there != nil {
		days = aws.ToInt32(there.RetentionInDays)
	}
	g.state.mu.Lock()
	defer g.state.mu.Unlock()
	g.state.days, g.state.read = days, o.now()
	return days
}

// describe returns what the service says of a group, or nil if there is none.
func (o *Output) describe(ctx context.Context, client *cloudwatchlogs.Client, name string) (*types.LogGroup, error) {
	ctx, cancel := context.WithTimeout(ctx, o.config.Timeout.Std())
	defer cancel()
	limit := int32(1) // the list is sorted: the prefix itself comes first
	out, err := client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name, Limit: &limit})
	if err != nil {
		return nil, err
	}
	if len(out.LogGroups) == 0 || aws.ToString(out.LogGroups[0].LogGroupName) != name {
		return nil, nil
	}
	return &out.LogGroups[0], nil
}
