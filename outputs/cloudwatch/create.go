package cloudwatch

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"

	"github.com/renthub/sluice/outputs"
)

// create makes a stream, and its group if that is missing too. What is there
// already is left as it is.
func (o *Output) create(ctx context.Context, client *cloudwatchlogs.Client, l *lane) error {
	if o.config.Bootstrap == bootstrapNever {
		return &outputs.Misconfigured{Err: fmt.Errorf("log group %s or its stream %s is missing, and bootstrap is never", l.stream.group.name, l.name)}
	}
	if err := o.takeTurn(ctx); err != nil {
		return err
	}
	defer o.endTurn()
	ctx, cancel := context.WithTimeout(ctx, o.config.Timeout.Std())
	defer cancel()
	g := l.stream.group
	if err := o.setNewRetention(ctx, client, g); err != nil {
		return err
	}
	err := o.createStream(ctx, client, l)
	if isNotFound(err) {
		if err := o.createGroup(ctx, client, g); err != nil {
			return err
		}
		err = o.createStream(ctx, client, l)
	}
	if err != nil {
		return o.createError("create log stream "+l.target, err)
	}
	return nil
}

func (o *Output) createStream(ctx context.Context, client *cloudwatchlogs.Client, l *lane) error {
	_, err := client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &l.stream.group.name, LogStreamName: &l.name})
	if isThere(err) {
		return nil // another agent was faster
	}
	return err
}

// createGroup makes a group with the retention of its class.
func (o *Output) createGroup(ctx context.Context, client *cloudwatchlogs.Client, g *group) error {
	class := types.LogGroupClassStandard
	if o.config.LogGroupClass == classInfrequentAccess {
		class = types.LogGroupClassInfrequentAccess
	}
	_, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &g.name, LogGroupClass: class, Tags: o.config.Tags})
	switch {
	case isThere(err): // another agent was faster, and sets its retention
	case err != nil:
		return o.createError("create log group "+g.name, err)
	default:
		g.state.made.Store(true)
		o.logger.Info("made log group", "group", g.name, "days", o.daysOf(g.class))
	}
	return o.setNewRetention(ctx, client, g)
}

// setNewRetention sets the retention of a group that this agent made. If it
// fails the group stays marked, has no stream yet, and the next try of its
// documents sets it.
func (o *Output) setNewRetention(ctx context.Context, client *cloudwatchlogs.Client, g *group) error {
	if !g.state.made.Load() {
		return nil
	}
	if days := o.daysOf(g.class); days > 0 {
		_, err := client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &g.name, RetentionInDays: &days})
		switch {
		case isDenied(err):
			o.logger.Warn("log group keeps for ever: its retention may not be set", "group", g.name, "days", days, "error", err)
		case err != nil:
			return o.createError("set retention of log group "+g.name, err)
		}
		o.warnOfPolicy(ctx, client, g, days)
	}
	g.state.made.Store(false)
	return nil
}

// warnOfPolicy tells if a new group keeps for another time than it was told:
// the account can have a policy that decides.
func (o *Output) warnOfPolicy(ctx context.Context, client *cloudwatchlogs.Client, g *group, days int32) {
	there, err := o.describe(ctx, client, g.name)
	if err != nil || there == nil || there.RetentionPolicyName == nil || aws.ToInt32(there.RetentionInDays) == days {
		return // who may not look is told by `sluice retention plan`
	}
	o.logger.Warn("a retention policy of the account overrides a log group's own", "group", g.name,
		"policy", *there.RetentionPolicyName, "days", aws.ToInt32(there.RetentionInDays), "want", days)
}

// createError is the error of a call that makes or sets something.
func (o *Output) createError(what string, err error) error {
	return fmt.Errorf("%s: %w", what, o.answerTo(err))
}

func isThere(err error) bool {
	var e *types.ResourceAlreadyExistsException
	return errors.As(err, &e)
}

func isDenied(err error) bool {
	var e smithy.APIError
	return errors.As(err, &e) && e.ErrorCode() == "AccessDeniedException"
}

// daysOf is how many days groups of a class are to keep for; 0 is for ever, or
// that the config does not know the class.
func (o *Output) daysOf(class string) int32 {
	for _, c := range o.classes {
		if c.Name == class {
			return daysFor(c.Keep)
		}
	}
	return 0
}
