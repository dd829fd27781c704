package child

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/refold-dev/refold/runtime"
)

// check asks the process whether it is well.
func (c *Child) check(within time.Duration) error {
	return c.bounded(within, func(ctx context.Context) error {
		reply, err := grpc_health_v1.NewHealthClient(c.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: plugin.GRPCServiceName})
		if err == nil && reply.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
			err = fmt.Errorf("its health is %s", reply.GetStatus())
		}
		return err
	})
}

// introduced checks a process that has just started.
func (c *Child) introduced() error {
	err := c.check(c.spec.StartTimeout)
	var fault *runtime.GuestError
	if errors.As(err, &fault) && fault.Code != runtime.Hung && fault.Code != runtime.Crashed {
		return c.complain(runtime.BadHandshake, "does not say that it is well: "+fault.Reason,
			fmt.Sprintf("serve grpc.health.v1.Health, with the status SERVING for %q", plugin.GRPCServiceName))
	}
	return err
}

// watch kills a process that is idle and not well, for the next call to find out. A
// process that is called may be too busy to answer.
func (c *Child) watch(ctx context.Context) {
	defer close(c.watched)
	tick := time.NewTicker(c.spec.Health)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.runner.exited:
			return
		case <-tick.C:
		}
		calls := c.calls.Load()
		if calls%2 == 1 {
			continue
		}
		if err := c.check(c.spec.Health); err != nil && c.calls.Load() == calls && ctx.Err() == nil {
			c.spec.Logger.Warn("the plugin is not well; it is killed", "error", err.Error())
			c.runner.kill()
			return
		}
	}
}
