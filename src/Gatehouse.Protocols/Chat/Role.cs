namespace Gatehouse.Protocols.Chat;

/// <summary>Who speaks in a message. Results of tools are parts of a user's message, whatever the dialect calls their role.</summary>
public enum Role
{
    System,
    Developer,
    User,
    Assistant,
}
