namespace Rlcm.Tests;

/// <summary>Reports on the caller's thread, before the caller goes on; <see cref="Progress{T}"/> does neither.</summary>
internal sealed class SynchronousProgress<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}
