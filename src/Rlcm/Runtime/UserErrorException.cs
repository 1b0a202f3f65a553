namespace Rlcm.Runtime;

/// <summary>
/// A mistake that the user can mend: one sentence that says what, where, what was expected, what was found and what to do.
/// Programs show the message alone and exit with code 2.
/// </summary>
public class UserErrorException : Exception
{
    /// <summary>Creates the error from its one sentence.</summary>
    public UserErrorException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the error from its one sentence and the exception that revealed it.</summary>
    public UserErrorException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
