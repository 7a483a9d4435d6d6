"""网易七鱼 (Qiyu) by its message interface: we speak for the customer, its people answer in its own workbench."""
