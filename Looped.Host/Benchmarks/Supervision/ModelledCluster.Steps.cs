using Looped.Actors.Supervision;

namespace Looped.Host.Benchmarks.Supervision;

/// <summary>Steps of the generation that computes, and what a loss makes of one.</summary>
internal sealed partial class ModelledCluster
{
    private int Fresh(ModelledWorker worker) => _active!.AssignmentOf(_step)[_active.RankOf(worker.Name)].Count - worker.Status.Held.Count;

    private void StartStep()
    {
        _stepStarted = Now;
        long version = ++_version;
        int longest = _active!.Generation.Members.Max(m => Fresh(_workers[m]));
        At(Now + (Math.Max(longest, 0) * _model.MicroBatch), () =>
        {
            if (version == _version) EndStep();
        });
    }

    private void EndStep()
    {
        double elapsed = (Now - _stepStarted).TotalSeconds;
        foreach (string member in _active!.Generation.Members)
        {
            ModelledWorker worker = _workers[member];
            double computed = Fresh(worker) * _model.MicroBatch.TotalSeconds;
            Time.Useful += computed + worker.HeldSeconds;
            Time.Waiting += elapsed - computed;
            worker.HeldSeconds = 0;
            worker.Since = Now;
            if (worker.Status.Held.Count > 0) worker.Status = worker.Status with { Held = [] };
        }
        _step++;
        if (_step % _model.CheckpointEvery == 0) _checkpoint = _step;
        GenerationPlan? next = _active.Generation.Members.Select(m => _workers[m].Candidate).FirstOrDefault(c => c?.After == _active.Id);
        if (next is not null && _workers[_active.Generation.Members[0]].Status.Failed != next.Id) HandOver(next);
        else StartStep();
    }

    private void Break(ModelledWorker dead)
    {
        GenerationPlan broken = _active!;
        _version++;
        double elapsed = (Now - _stepStarted).TotalSeconds, micro = _model.MicroBatch.TotalSeconds;
        bool handingOver = _ready.ContainsKey(dead.Candidate?.Id ?? default) || dead.Since > _stepStarted;
        _active = null;
        Account(dead, out double wasted, out _, finish: false);
        Time.Lost += wasted;
        string[] lost = [dead.Name];
        foreach (ModelledWorker worker in broken.Generation.Members.Select(m => _workers.GetValueOrDefault(m)).OfType<ModelledWorker>())
        {
            Account(worker, out double computed, out int done, finish: true);
            worker.HeldSeconds += computed;
            int[] held = [.. worker.Status.Held, .. broken.AssignmentOf(_step)[broken.RankOf(worker.Name)].Except(worker.Status.Held).Take(done)];
            TimeSpan rest = TimeSpan.FromSeconds(Math.Max(0, computed - (handingOver ? 0 : elapsed)));
            worker.Since = Now + rest;
            worker.Newcomer = false;
            Say(worker, s => s with { Activity = RankActivity.Breaking, Lost = lost });
            At(Now + rest + _model.Message, () =>
            {
                if (worker.Alive) Say(worker, s => s with { Activity = RankActivity.Idle, Step = _step, StateHash = $"step {_step}", Held = held });
            });
        }

        void Account(ModelledWorker worker, out double computed, out int done, bool finish)
        {
            int fresh = broken.AssignmentOf(_step)[broken.RankOf(worker.Name)].Count - worker.Status.Held.Count;
            (computed, done) = (0, 0);
            if (handingOver)
            {
                Time.Regroup += (Now - worker.Since).TotalSeconds;
                return;
            }
            done = Math.Min(fresh, (int)(elapsed / micro) + (finish ? 1 : 0));
            computed = finish ? done * micro : Math.Min(elapsed, fresh * micro);
            Time.Waiting += Math.Max(0, elapsed - (fresh * micro));
        }
    }

    /// <summary>Time that was not computing: before it was ever taken it is waiting, afterwards regrouping.</summary>
    private void Rested(ModelledWorker worker)
    {
        double seconds = Math.Max(0, (Now - worker.Since).TotalSeconds);
        if (worker.Newcomer) Time.Waiting += seconds;
        else Time.Regroup += seconds;
        worker.Newcomer = false;
        worker.Since = Now;
    }
}
