-- How often a streamed answer that had broken off went on at another target; null for never.
ALTER TABLE exchanges ADD COLUMN continuations INTEGER;
