using Looped.Models.Recipes;

namespace Looped.Models.Optimization;

/// <summary>Learning-rate schedules as pure functions of the update's number.</summary>
public static class LearningRate
{
    /// <summary>The rate used by update <paramref name="step"/>.</summary>
    /// <param name="schedule">The recipe's schedule.</param>
    /// <param name="peak">The largest rate.</param>
    /// <param name="step">The update, 0 … steps − 1.</param>
    /// <param name="steps">Updates of the whole run.</param>
    public static double At(ScheduleRecipe schedule, double peak, long step, long steps)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return schedule.Name switch
        {
            ScheduleName.OneCycleCosine => OneCycle(schedule, peak, step, steps, CosineBlend),
            ScheduleName.OneCycleLinear => OneCycle(schedule, peak, step, steps, LinearBlend),
            ScheduleName.Cosine => WarmUpThenCosine(schedule, peak, step, steps),
            ScheduleName.HalfCosine => HalfCosine(schedule, peak, step, steps),
            ScheduleName.WarmupStableDecay => WarmUpStableDecay(schedule, peak, step, steps),
            _ => peak,
        };
    }

    // torch.optim.lr_scheduler.OneCycleLR with two phases: up to the peak at step warmup·steps − 1, then down to the last step.
    private static double OneCycle(ScheduleRecipe schedule, double peak, long step, long steps, Func<double, double, double, double> blend)
    {
        double first = peak / schedule.DivFactor, last = first / schedule.FinalDivFactor;
        double top = schedule.WarmupFraction * steps - 1, end = steps - 1;
        if (step <= top) return top <= 0 ? peak : blend(first, peak, step / top);
        return end <= top ? peak : blend(peak, last, (step - top) / (end - top));
    }

    private static double WarmUpThenCosine(ScheduleRecipe schedule, double peak, long step, long steps)
    {
        double warm = Math.Round(schedule.WarmupFraction * steps);
        if (step < warm) return peak * (step + 1) / warm;
        double rest = Math.Max(1, steps - 1 - warm);
        return CosineBlend(peak, peak * schedule.FinalFraction, Math.Min(1, (step - warm) / rest));
    }

    // STARS, section 5: stepped after the optimizer, so update s has the rate peak · s / warm, then peak · (1 + cos(π (s − warm) / (steps − warm))) / 2.
    private static double HalfCosine(ScheduleRecipe schedule, double peak, long step, long steps)
    {
        double warm = Math.Round(schedule.WarmupFraction * steps);
        return step < warm ? peak * step / warm : CosineBlend(peak, 0, (step - warm) / Math.Max(1, steps - warm));
    }

    // STARS, section 6.6, as Hugging Face's scheduler: a factor from 0 to 1 and back, then squeezed into floor … 1.
    private static double WarmUpStableDecay(ScheduleRecipe schedule, double peak, long step, long steps)
    {
        double warm = Math.Round(schedule.WarmupFraction * steps), decay = Math.Round(schedule.DecayFraction * steps), falls = steps - decay;
        double floor = peak * schedule.FinalFraction;
        if (step < warm) return LinearBlend(floor, peak, step / warm);
        return step < falls ? peak : CosineBlend(peak, floor, (step - falls) / decay);
    }

    private static double CosineBlend(double from, double to, double share) => to + (from - to) / 2 * (1 + Math.Cos(Math.PI * share));

    private static double LinearBlend(double from, double to, double share) => from + (to - from) * share;
}
